/** Let the candidate serve, or go back: one action each, with a reason, and never hidden. */
import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ArrowUpFromLine, History } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { promoteModel, rollbackModel } from "../../api/endpoints";
import type { Project, RunDetail } from "../../api/types";
import { errorSentence } from "../../cases/words";
import { toastDone, toastFailed } from "../../ui/toast";
import { adminKey, useModels } from "../queries";
import { ReasonForm } from "../ReasonForm";
import section from "../Section.module.css";
import styles from "./Learning.module.css";
import type { Headline } from "./verdict";

type Act = "promote" | "rollback";
type Why = "serves" | "ended_early" | "not_ready" | "loading" | "not_serving" | "nothing_before";

interface PromotionProps {
  project: Project;
  run: RunDetail;
  headline: Headline;
}

export function Promotion({ project, run, headline }: PromotionProps) {
  const { t } = useTranslation(["learning", "app"]);
  const client = useQueryClient();
  const models = useModels(project.id);
  const [asked, setAsked] = useState<Act | null>(null);
  const apply = useMutation({
    mutationFn: ({ act, reason }: { act: Act; reason: string }) =>
      act === "promote" && run.candidate
        ? promoteModel(project.id, run.candidate.id, reason)
        : rollbackModel(project.id, reason),
    onSuccess: async (overview) => {
      setAsked(null);
      client.setQueryData(adminKey(project.id, "models"), overview);
      await client.invalidateQueries({ queryKey: ["worklist"] });
      await client.invalidateQueries({ queryKey: adminKey(project.id, "snapshots") });
      toastDone({ message: t("app:models.changed") });
    },
    onError: (error) =>
      toastFailed({ message: t("app:models.not_changed"), detail: errorSentence(error) }),
  });
  const serves = models.data?.champion === run.candidate?.id && run.candidate !== null;
  const notPromotable = whyNotPromote(run, models.data !== undefined, serves);
  const notRollable = whyNotRollBack(serves, models.data?.deployments.length ?? 0);
  const whys = [notPromotable, notRollable].filter((why) => why !== null);
  return (
    <>
      <div className={styles.promotion}>
        <Button
          leftSection={<ArrowUpFromLine size={16} aria-hidden />}
          disabled={notPromotable !== null}
          onClick={() => setAsked("promote")}
        >
          {t("app:models.promote")}
        </Button>
        <Button
          variant="default"
          leftSection={<History size={16} aria-hidden />}
          disabled={notRollable !== null}
          onClick={() => setAsked("rollback")}
        >
          {t("app:models.rollback")}
        </Button>
        <span className={section.secondary}>
          {whys.map((why) => t(`promotion.${why}`)).join(" ")}
        </span>
      </div>
      {asked === "promote" && run.candidate && (
        <>
          {headline !== "better" && (
            <p className={styles.warning}>{t(`promotion.careful_${headline}`)}</p>
          )}
          <ReasonForm
            title={t("app:models.promote_reason", {
              name: run.candidate.name,
              version: run.candidate.version,
            })}
            hint={t("app:models.reason_hint")}
            confirm={t("app:models.promote")}
            isSending={apply.isPending}
            onSubmit={(reason) => apply.mutate({ act: "promote", reason })}
            onCancel={() => setAsked(null)}
          />
        </>
      )}
      {asked === "rollback" && (
        <ReasonForm
          title={t("app:models.rollback_reason")}
          hint={t("app:models.reason_hint")}
          confirm={t("app:models.rollback")}
          isSending={apply.isPending}
          onSubmit={(reason) => apply.mutate({ act: "rollback", reason })}
          onCancel={() => setAsked(null)}
        />
      )}
    </>
  );
}

/** Which sentence says why the candidate cannot be promoted now. */
function whyNotPromote(run: RunDetail, isLoaded: boolean, serves: boolean): Why | null {
  if (serves) return "serves";
  if (run.state === "failed" || run.state === "cancelled") return "ended_early";
  if (run.state !== "evaluated" || run.candidate === null) return "not_ready";
  return isLoaded ? null : "loading";
}

/** Which sentence says why there is nothing to go back to from here. */
function whyNotRollBack(serves: boolean, deployments: number): Why | null {
  if (!serves) return "not_serving";
  return deployments < 2 ? "nothing_before" : null;
}
