/** What the AI did with this case, in words; its five outcomes look different at a glance. */
import { Button } from "@mantine/core";
import { Ban, Brain, CircleCheck, CircleDashed, CircleX, EyeOff, Hourglass } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { predictCase } from "../api/endpoints";
import type { ReviewPayload } from "../api/types";
import { codeSentence, errorSentence } from "../cases/words";
import { toastFailed } from "../ui/toast";
import styles from "./AiSummary.module.css";

interface AiSummaryProps {
  payload: ReviewPayload;
  onRequested: () => void;
}

export function AiSummary({ payload, onRequested }: AiSummaryProps) {
  const { t } = useTranslation();
  const { ai } = payload;
  if (!ai) return <Line state="hidden" text={t("ai.hidden")} />;
  const model = ai.model ? t("ai.model", { name: ai.model.name, version: ai.model.version }) : "";
  const request = <RequestButton caseId={payload.case_id} onRequested={onRequested} />;
  switch (ai.state) {
    case "none":
      return (
        <Line
          state="none"
          text={t("ai.none_long")}
          detail={codeSentence("reason", ai.reason_code, ai.reason_params)}
          action={ai.model && request}
        />
      );
    case "waiting":
      return (
        <Line
          state="waiting"
          text={
            ai.queue_position
              ? t("ai.waiting_position", { position: ai.queue_position })
              : t("ai.analysing")
          }
          detail={model}
        />
      );
    case "abstained":
      return (
        <Line
          state="abstained"
          text={codeSentence("reason", ai.reason_code, ai.reason_params)}
          detail={model}
        />
      );
    case "failed":
      return (
        <Line
          state="failed"
          text={codeSentence("reason", ai.reason_code, ai.reason_params)}
          detail={model}
          action={request}
        />
      );
    case "done": {
      const above = ai.findings.filter((finding) => finding.above).length;
      if (above === 0) return <Line state="clear" text={t("ai.nothing_above")} detail={model} />;
      return <Line state="findings" text={t("ai.above", { count: above })} detail={model} />;
    }
  }
}

const ICONS = {
  hidden: EyeOff,
  none: CircleDashed,
  waiting: Hourglass,
  abstained: Ban,
  failed: CircleX,
  clear: CircleCheck,
  findings: Brain,
};

interface LineProps {
  state: keyof typeof ICONS;
  text: string;
  detail?: string;
  action?: ReactNode;
}

function Line({ state, text, detail, action }: LineProps) {
  const Icon = ICONS[state];
  return (
    <div className={styles.summary} data-state={state} role="status">
      <Icon size={18} aria-hidden />
      <div className={styles.words}>
        <span>{text}</span>
        {detail && <span className={styles.detail}>{detail}</span>}
      </div>
      {action}
    </div>
  );
}

function RequestButton({ caseId, onRequested }: { caseId: string; onRequested: () => void }) {
  const { t } = useTranslation();
  const [isAsking, setIsAsking] = useState(false);
  const ask = async () => {
    setIsAsking(true);
    try {
      await predictCase(caseId);
      onRequested();
    } catch (error) {
      toastFailed({ message: t("ai.request_failed"), detail: errorSentence(error) });
    } finally {
      setIsAsking(false);
    }
  };
  return (
    <Button variant="default" loading={isAsking} onClick={() => void ask()}>
      {t("ai.request")}
    </Button>
  );
}
