/** An arbitration from the reveal on: the readers' images side by side, what they differ on, the decision. */
import { Button, Skeleton } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import { ARBITRATE_PATH } from "../cases/paths";
import { errorSentence } from "../cases/words";
import { StateView } from "../ui/StateView";
import { Deciding } from "./Deciding";
import { arbitrationQuery } from "./queries";

export function ArbitrationPage() {
  const { t } = useTranslation(["arbitration", "labeling", "app"]);
  const { arbitrationId = "" } = useParams();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [generation, setGeneration] = useState(0);
  const loaded = useQuery(arbitrationQuery(arbitrationId));
  if (loaded.isError && !loaded.data) {
    return (
      <StateView
        kind="error"
        title={t("error")}
        detail={errorSentence(loaded.error)}
        action={
          <>
            <Button onClick={() => void loaded.refetch()}>{t("app:common.retry")}</Button>
            <Button variant="default" onClick={() => void navigate(ARBITRATE_PATH)}>
              {t("labeling:ended.rounds")}
            </Button>
          </>
        }
      />
    );
  }
  if (!loaded.data) return <Skeleton height={240} m={16} />;
  return (
    <Deciding
      key={`${arbitrationId} ${generation}`}
      arbitration={loaded.data}
      onReload={async () => {
        await client.fetchQuery({ ...arbitrationQuery(arbitrationId), staleTime: 0 });
        setGeneration((before) => before + 1);
      }}
    />
  );
}
