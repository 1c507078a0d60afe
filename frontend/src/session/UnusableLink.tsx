/** A one-time link that opens nothing, or could not be looked at; never which of its ends it met. */
import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/errors";
import { errorSentence } from "../cases/words";
import { StateView } from "../ui/StateView";

export function UnusableLink({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const { t } = useTranslation();
  const isUnusable = error instanceof ApiError && [400, 409].includes(error.status);
  return (
    <StateView
      kind="error"
      title={isUnusable ? t("join.unusable") : errorSentence(error)}
      detail={isUnusable ? t("join.unusable_detail") : ""}
      action={
        <>
          {!isUnusable && <Button onClick={onRetry}>{t("common.retry")}</Button>}
          <Button variant="default" onClick={() => window.location.assign("/")}>
            {t("join.to_login")}
          </Button>
        </>
      }
    />
  );
}
