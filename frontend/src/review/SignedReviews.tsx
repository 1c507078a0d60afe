/** What has been signed for this case, oldest first; never edited. */
import { PenLine } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { ReviewPayload } from "../api/types";
import { useNameOf } from "../cases/words";
import { formatDateTime } from "../ui/format";
import styles from "./SignedReviews.module.css";

export function SignedReviews({ payload }: { payload: ReviewPayload }) {
  const { t } = useTranslation();
  const nameOf = useNameOf();
  const findingName = (code: string): string => {
    const finding = payload.findings.find((one) => one.code === code);
    return finding ? nameOf(finding) : code;
  };
  return (
    <section className={styles.reviews}>
      {payload.reviews.map((review) => (
        <article key={review.review_id} className={styles.review}>
          <h2 className={styles.title}>
            <PenLine size={14} aria-hidden />
            {t("review.signed_by", { reader: review.reader, at: formatDateTime(review.signed_at) })}
          </h2>
          <ul className={styles.decisions}>
            {review.decisions.map((decision) => (
              <li key={decision.finding}>
                <span>{findingName(decision.finding)}</span>
                <span data-verdict={decision.verdict}>{t(`verdict.${decision.verdict}`)}</span>
              </li>
            ))}
          </ul>
          {review.decisions.length === 0 && (
            <p className={styles.none}>{t("review.no_decisions")}</p>
          )}
          {review.findings_text && (
            <p className={styles.comment}>
              <bdi>{review.findings_text}</bdi>
            </p>
          )}
        </article>
      ))}
    </section>
  );
}
