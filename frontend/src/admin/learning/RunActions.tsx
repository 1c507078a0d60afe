/** Cancel what goes on, resume what ended too early; nothing else can be done to a run. */
import { Button } from "@mantine/core";
import { Play, Square } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Project, Run } from "../../api/types";
import { errorSentence } from "../../cases/words";
import { toastFailed } from "../../ui/toast";
import { useRunAct } from "./queries";

interface RunActionsProps {
  project: Project;
  run: Run;
  size: "compact-xs" | "xs";
}

export function RunActions({ project, run, size }: RunActionsProps) {
  const { t } = useTranslation("learning");
  const act = useRunAct(project.id, (error) =>
    toastFailed({ message: t("runs.not_changed"), detail: errorSentence(error) }),
  );
  if (run.state === "evaluated") return null;
  const isOver = run.state === "failed" || run.state === "cancelled";
  const Icon = isOver ? Play : Square;
  return (
    <Button
      variant="default"
      size={size}
      leftSection={<Icon size={14} aria-hidden />}
      loading={act.isPending}
      disabled={run.is_cancelling && !isOver}
      onClick={() => act.mutate({ run, verb: isOver ? "resume" : "cancel" })}
    >
      {t(isOver ? "runs.resume" : "runs.cancel")}
    </Button>
  );
}
