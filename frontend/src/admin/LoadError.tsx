/** A section that could not be loaded says so, why, and offers another try. */
import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { errorSentence } from "../cases/words";
import { StateView } from "../ui/StateView";

interface LoadErrorProps {
  title: string;
  error: unknown;
  onRetry: () => void;
}

export function LoadError({ title, error, onRetry }: LoadErrorProps) {
  const { t } = useTranslation();
  return (
    <StateView
      kind="error"
      title={title}
      detail={errorSentence(error)}
      action={<Button onClick={onRetry}>{t("common.retry")}</Button>}
    />
  );
}
