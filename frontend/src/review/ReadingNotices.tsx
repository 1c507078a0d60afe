/** What stands above the findings: who else reads the case, what the policy asks for, what came later. */
import { Brain, Eye, LockKeyhole, UserRound } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Claim, ReviewPayload } from "../api/types";
import { NoticeLine } from "../reading/NoticeLine";
import { formatClock } from "../ui/format";
import type { ShownAi } from "./useShownAi";

interface ReadingNoticesProps {
  payload: ReviewPayload;
  claim: Claim | null;
  newer: ShownAi["newer"];
  onTakeOver: () => Promise<void>;
  onReveal: () => Promise<void>;
  onNewer: () => Promise<void>;
}

export function ReadingNotices(props: ReadingNoticesProps) {
  const { payload, claim, newer } = props;
  const { t } = useTranslation();
  const { policy } = payload;
  const [busy, setBusy] = useState("");
  const run = (name: string, act: () => Promise<void>) => async () => {
    setBusy(name);
    try {
      await act();
    } finally {
      setBusy("");
    }
  };
  const isLock = policy.ai_display === "after_first_impression";
  return (
    <>
      {claim && !claim.is_own && (
        <NoticeLine
          icon={UserRound}
          tone="attention"
          text={t("review.claimed_by", { reader: claim.reader })}
          detail={t("review.claimed_since", { time: formatClock(claim.claimed_at) })}
          act={{
            label: t("review.take_over"),
            isBusy: busy === "claim",
            onAct: () => void run("claim", props.onTakeOver)(),
          }}
        />
      )}
      {policy.can_reveal && (
        <NoticeLine
          icon={isLock ? LockKeyhole : Eye}
          tone="ai"
          text={t(isLock ? "review.impression_first" : "review.ai_on_request")}
          detail={t(isLock ? "review.impression_first_detail" : "review.ai_on_request_detail")}
          act={{
            label: t(isLock ? "review.lock_impression" : "review.show_ai"),
            keyAction: "findings.revealAi",
            isBusy: busy === "reveal",
            onAct: () => void run("reveal", props.onReveal)(),
          }}
        />
      )}
      {policy.first_impression && (
        <NoticeLine
          icon={LockKeyhole}
          tone="quiet"
          text={t(
            policy.first_impression.trigger === "locked"
              ? "review.impression_locked"
              : "review.ai_requested",
            { time: formatClock(policy.first_impression.locked_at) },
          )}
        />
      )}
      {newer && (
        <NoticeLine
          icon={Brain}
          tone="ai"
          text={t("review.newer_ai")}
          detail={
            newer.model
              ? t("ai.model", { name: newer.model.name, version: newer.model.version })
              : undefined
          }
          act={{
            label: t("review.use_newer_ai"),
            isBusy: busy === "newer",
            onAct: () => void run("newer", props.onNewer)(),
          }}
        />
      )}
    </>
  );
}
