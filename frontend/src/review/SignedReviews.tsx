/** What has been signed for this case, newest first; never edited, only followed by a newer version. */
import { Button, TextInput } from "@mantine/core";
import { BadgeCheck, PenLine, TriangleAlert, Undo2 } from "lucide-react";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { acknowledgeCritical, signSecond } from "../api/endpoints";
import type { ReviewPayload, SignedReview } from "../api/types";
import { errorSentence, useNameOf } from "../cases/words";
import { formatDateTime } from "../ui/format";
import { toastFailed } from "../ui/toast";
import styles from "./SignedReviews.module.css";

/** The server's minute ends by its own clock. */
const OVER_MARGIN_MS = 500;

interface SignedReviewsProps {
  payload: ReviewPayload;
  /** Something was signed or acknowledged: the server's version is a newer one. */
  onChanged: () => void;
}

export function SignedReviews({ payload, onChanged }: SignedReviewsProps) {
  const { t } = useTranslation();
  const newest = payload.reviews.findLast((review) => review.state === "signed");
  const others = payload.reviews.filter((review) => review !== newest).toReversed();
  return (
    <section className={styles.reviews} aria-label={t("review.versions")}>
      {newest && <Version review={newest} payload={payload} onChanged={onChanged} />}
      {others.map((review) => (
        <details key={review.review_id} className={styles.older}>
          <summary>
            {t(review.state === "withdrawn" ? "review.version_withdrawn" : "review.version_older", {
              version: review.version,
              reader: review.reader,
              at: formatDateTime(review.signed_at),
            })}
          </summary>
          {review.withdrawal_reason && (
            <p className={styles.reason}>
              <bdi>{review.withdrawal_reason}</bdi>
            </p>
          )}
          <Content review={review} payload={payload} />
        </details>
      ))}
    </section>
  );
}

interface VersionProps {
  review: SignedReview;
  payload: ReviewPayload;
  onChanged: () => void;
}

function Version({ review, payload, onChanged }: VersionProps) {
  const { t } = useTranslation();
  const second = review.second_signature;
  return (
    <article className={styles.review}>
      <h2 className={styles.title}>
        <PenLine size={14} aria-hidden />
        {t("review.signed_by", {
          version: review.version,
          reader: review.reader,
          at: formatDateTime(review.signed_at),
        })}
      </h2>
      {second && (
        <p className={styles.second}>
          <BadgeCheck size={14} aria-hidden />
          {t("review.second_by", { signer: second.signer, at: formatDateTime(second.signed_at) })}
        </p>
      )}
      {review.addendum_reason && (
        <p className={styles.reason}>
          {t("review.addendum_to", { version: review.addendum_to_version })}{" "}
          <bdi>{review.addendum_reason}</bdi>
        </p>
      )}
      <Content review={review} payload={payload} />
      {payload.permissions.can_sign_second && review.content_sha256 !== undefined && (
        <SecondSignature
          caseId={payload.case_id}
          review={{ id: review.review_id, sha256: review.content_sha256 }}
          isNeeded={review.needs_second_signature}
          onSigned={onChanged}
        />
      )}
      {review.is_critical && (
        <Critical
          review={review}
          caseId={payload.case_id}
          canAcknowledge={payload.permissions.can_acknowledge}
          onAcknowledged={onChanged}
        />
      )}
    </article>
  );
}

function Content({ review, payload }: { review: SignedReview; payload: ReviewPayload }) {
  const { t } = useTranslation();
  const nameOf = useNameOf();
  const findingName = (code: string): string => {
    const finding = payload.findings.find((one) => one.code === code);
    return finding ? nameOf(finding) : code;
  };
  const texts = [
    { title: t("report.findings"), text: review.findings_text },
    { title: t("report.impression"), text: review.impression_text },
  ].filter(({ text }) => text !== "");
  return (
    <>
      <ul className={styles.decisions}>
        {review.decisions.map((decision) => (
          <li key={decision.finding}>
            <span>{findingName(decision.finding)}</span>
            <span data-verdict={decision.verdict}>
              {t(`verdict.${decision.verdict}`)}
              {decision.grade && ` · ${decision.grade}`}
            </span>
          </li>
        ))}
      </ul>
      {review.decisions.length === 0 && <p className={styles.none}>{t("review.no_decisions")}</p>}
      {review.rois.length > 0 && (
        <p className={styles.none}>{t("review.roi_count", { count: review.rois.length })}</p>
      )}
      {texts.map(({ title, text }) => (
        <div key={title}>
          <h3 className={styles.part}>{title}</h3>
          <p className={styles.text}>
            <bdi>{text}</bdi>
          </p>
        </div>
      ))}
    </>
  );
}

interface SecondSignatureProps {
  caseId: string;
  review: { id: string; sha256: string };
  isNeeded: boolean;
  onSigned: () => void;
}

function SecondSignature({ caseId, review, isNeeded, onSigned }: SecondSignatureProps) {
  const { t } = useTranslation();
  const [isBusy, setIsBusy] = useState(false);
  const sign = async () => {
    setIsBusy(true);
    try {
      await signSecond(caseId, review.id, review.sha256);
      onSigned();
    } catch (error) {
      toastFailed({ message: t("review.not_signed"), detail: errorSentence(error) });
    } finally {
      setIsBusy(false);
    }
  };
  return (
    <div className={styles.act}>
      {isNeeded && <p className={styles.none}>{t("review.second_needed")}</p>}
      <Button
        variant="default"
        size="compact-sm"
        loading={isBusy}
        leftSection={<BadgeCheck size={14} aria-hidden />}
        onClick={() => void sign()}
      >
        {t("review.sign_second")}
      </Button>
    </div>
  );
}

interface CriticalProps {
  review: SignedReview;
  caseId: string;
  canAcknowledge: boolean;
  onAcknowledged: () => void;
}

function Critical({ review, caseId, canAcknowledge, onAcknowledged }: CriticalProps) {
  const { t } = useTranslation();
  const [informed, setInformed] = useState("");
  const [isBusy, setIsBusy] = useState(false);
  const made = review.acknowledgement;
  const acknowledge = async (event: FormEvent) => {
    event.preventDefault();
    setIsBusy(true);
    try {
      await acknowledgeCritical(caseId, review.review_id, { informed, note: "" });
      onAcknowledged();
    } catch (error) {
      toastFailed({ message: t("review.not_acknowledged"), detail: errorSentence(error) });
    } finally {
      setIsBusy(false);
    }
  };
  return (
    <div className={styles.critical} data-open={made === null}>
      <p className={styles.criticalTitle}>
        <TriangleAlert size={14} aria-hidden />
        {t("report.critical")}
        {review.critical_note && <bdi className={styles.note}>{review.critical_note}</bdi>}
      </p>
      {made && (
        <p className={styles.none}>
          {t("review.acknowledged", {
            informed: made.informed,
            by: made.acknowledged_by,
            at: formatDateTime(made.acknowledged_at),
          })}
        </p>
      )}
      {canAcknowledge && (
        <form className={styles.form} onSubmit={(event) => void acknowledge(event)}>
          <TextInput
            size="xs"
            required
            maxLength={200}
            aria-label={t("review.informed")}
            placeholder={t("review.informed")}
            value={informed}
            onChange={(event) => setInformed(event.currentTarget.value)}
          />
          <Button type="submit" size="xs" variant="default" loading={isBusy}>
            {t("review.acknowledge")}
          </Button>
        </form>
      )}
    </div>
  );
}

interface AddendumBarProps {
  /** For how long the reader's own signature may still be taken back; an addendum comes after that. */
  withdrawableS: number;
  onWithdraw: () => Promise<void>;
  onOver: () => void;
  onOpen: (reason: string) => Promise<void>;
}

/** The foot of a signed case: take it back while that is possible, or begin the next version. */
export function AddendumBar({ withdrawableS, onWithdraw, onOver, onOpen }: AddendumBarProps) {
  const { t } = useTranslation();
  const [reason, setReason] = useState("");
  const [isBusy, setIsBusy] = useState(false);
  const run = async (act: Promise<void>) => {
    setIsBusy(true);
    try {
      await act;
    } finally {
      setIsBusy(false);
    }
  };
  const isWithdrawable = withdrawableS > 0;
  const over = useRef(onOver);
  useEffect(() => {
    over.current = onOver;
  });
  useEffect(() => {
    if (!isWithdrawable) return;
    const timer = setTimeout(() => over.current(), withdrawableS * 1000 + OVER_MARGIN_MS);
    return () => clearTimeout(timer);
  }, [isWithdrawable, withdrawableS]);
  if (isWithdrawable) {
    return (
      <footer className={styles.foot}>
        <Button
          variant="default"
          loading={isBusy}
          leftSection={<Undo2 size={14} aria-hidden />}
          onClick={() => void run(onWithdraw())}
        >
          {t("review.withdraw")}
        </Button>
        <p className={styles.none}>{t("review.addendum_later")}</p>
      </footer>
    );
  }
  return (
    <footer className={styles.foot}>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          void run(onOpen(reason));
        }}
      >
        <TextInput
          required
          maxLength={500}
          aria-label={t("review.addendum_reason")}
          placeholder={t("review.addendum_reason")}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" loading={isBusy} disabled={reason.trim() === ""}>
          {t("review.write_addendum")}
        </Button>
      </form>
    </footer>
  );
}
