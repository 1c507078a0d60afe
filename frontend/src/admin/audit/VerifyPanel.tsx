/** The chain of events recomputed link by link, with progress, and the last link to note down. */
import { Button, CloseButton, Progress, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { CircleCheck, CircleX } from "lucide-react";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { verifyAudit } from "../../api/administration";
import type { ChainWalk, Project } from "../../api/types";
import { errorSentence } from "../../cases/words";
import { CopyField } from "../../ui/CopyField";
import form from "../Form.module.css";
import css from "./AuditSection.module.css";
import { type Verdict, walkChain } from "./chainWalk";

const LINK = /^[0-9a-f]{64}$/;

export function VerifyPanel({ project, onClose }: { project: Project; onClose: () => void }) {
  const { t } = useTranslation();
  const [anchor, setAnchor] = useState("");
  const [isAnchorWrong, setIsAnchorWrong] = useState(false);
  const [walk, setWalk] = useState<ChainWalk | null>(null);
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);

  const verify = useMutation({
    mutationFn: (anchor_sha256: string) => {
      const controller = new AbortController();
      abort.current = controller;
      setWalk(null);
      return walkChain(
        (place) => verifyAudit(project.id, { ...place, anchor_sha256 }, controller.signal),
        { hasAnchor: anchor_sha256 !== "", onProgress: setWalk },
      );
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const noted = anchor.trim().toLowerCase();
    const isWrong = noted !== "" && !LINK.test(noted);
    setIsAnchorWrong(isWrong);
    if (!isWrong) verify.mutate(noted);
  };
  const cancel = () => {
    abort.current?.abort();
    verify.reset();
  };
  return (
    <form className={form.panel} aria-label={t("audit.verify")} onSubmit={submit}>
      <div className={form.head}>
        <h2 className={form.heading}>{t("audit.verify")}</h2>
        <CloseButton size="sm" aria-label={t("common.close")} onClick={onClose} />
      </div>
      <div className={css.verify}>
        <TextInput
          label={t("audit.anchor")}
          placeholder={t("audit.anchor_hint")}
          value={anchor}
          error={isAnchorWrong ? t("field_errors.not_a_link") : null}
          maxLength={80}
          spellCheck={false}
          onChange={(event) => setAnchor(event.currentTarget.value)}
        />
        {verify.isPending ? (
          <Button variant="default" onClick={cancel}>
            {t("audit.cancel")}
          </Button>
        ) : (
          <Button type="submit">{t("audit.verify")}</Button>
        )}
      </div>
      {verify.isPending && <WalkProgress walk={walk} />}
      <div role="status">
        {verify.data && <VerdictView verdict={verify.data} />}
        {verify.isError && (
          <p className={form.error}>
            {t("audit.not_verified")}: {errorSentence(verify.error)}
          </p>
        )}
      </div>
    </form>
  );
}

function WalkProgress({ walk }: { walk: ChainWalk | null }) {
  const { t } = useTranslation();
  const checked = walk?.checked_to ?? 0;
  const sealed = walk?.sealed ?? 0;
  return (
    <div>
      <Progress
        value={sealed ? (checked / sealed) * 100 : 0}
        aria-label={t("audit.progress")}
        mb={4}
      />
      <span className={form.hint}>{t("audit.verifying", { checked, sealed })}</span>
    </div>
  );
}

function VerdictView({ verdict }: { verdict: Verdict }) {
  const { t } = useTranslation();
  const isWhole = verdict.kind === "whole";
  const Icon = isWhole ? CircleCheck : CircleX;
  const sentence = {
    whole: t("audit.whole", { count: verdict.checked }),
    broken: t("audit.broken", { number: verdict.broken_at }),
    anchor_missing: t("audit.anchor_missing"),
  }[verdict.kind];
  return (
    <>
      <p className={css.verdict} data-tone={isWhole ? "good" : "bad"}>
        <Icon size={16} aria-hidden />
        {sentence}
      </p>
      {!isWhole && <p className={form.hint}>{t("audit.broken_detail")}</p>}
      {verdict.unsealed > 0 && (
        <p className={form.hint}>{t("audit.unsealed", { count: verdict.unsealed })}</p>
      )}
      {isWhole && (
        <CopyField
          label={t("audit.head")}
          value={verdict.head_sha256}
          copyLabel={t("one_time_link.copy_value")}
          copiedLabel={t("one_time_link.copied")}
          failedText={t("one_time_link.copy_failed")}
        />
      )}
    </>
  );
}
