/** The certificate of blindness: every claim, how much it was held against, what speaks against it. */
import { Button } from "@mantine/core";
import { CircleCheck, CircleDashed, CircleX, Printer, ShieldCheck } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { CertificateClaim, RoundCertificate } from "../../api/roundResults";
import { formatDateTime } from "../../ui/format";
import form from "../Form.module.css";
import { LoadError } from "../LoadError";
import { useCertificate } from "./queries";
import styles from "./Rounds.module.css";

export function CertificatePanel({ roundId }: { roundId: string }) {
  const { t } = useTranslation("rounds");
  const [isAsked, setIsAsked] = useState(false);
  const certificate = useCertificate(roundId, isAsked);
  return (
    <section className={form.panel} aria-label={t("certificate.title")}>
      <div className={form.head}>
        <div>
          <h2 className={form.heading}>{t("certificate.title")}</h2>
          <p className={form.hint}>{t("certificate.lead")}</p>
        </div>
        <Button
          variant="default"
          leftSection={<ShieldCheck size={16} aria-hidden />}
          loading={certificate.isFetching}
          onClick={() => (isAsked ? void certificate.refetch() : setIsAsked(true))}
        >
          {t(certificate.data ? "certificate.again" : "certificate.issue")}
        </Button>
        {certificate.data && (
          <Button
            variant="default"
            leftSection={<Printer size={16} aria-hidden />}
            onClick={() => window.print()}
          >
            {t("certificate.print")}
          </Button>
        )}
      </div>
      {certificate.isError && (
        <LoadError
          title={t("certificate.error")}
          error={certificate.error}
          onRetry={() => void certificate.refetch()}
        />
      )}
      {certificate.data && <Claims certificate={certificate.data} />}
    </section>
  );
}

function Claims({ certificate }: { certificate: RoundCertificate }) {
  const { t } = useTranslation("rounds");
  return (
    <>
      <p className={form.state} data-tone={certificate.passed ? "good" : "bad"}>
        {t(certificate.passed ? "certificate.passed" : "certificate.failed")}
      </p>
      <ul className={styles.claims}>
        {certificate.claims.map((claim) => (
          <ClaimLine key={claim.code} claim={claim} />
        ))}
      </ul>
      <p className={styles.hash}>
        {t("certificate.issued", { time: formatDateTime(certificate.issued_at) })}
        <br />
        {t("certificate.head", {
          count: certificate.chain.sealed,
          sha256: certificate.chain.head_sha256,
        })}
        <br />
        {t("certificate.own", { sha256: certificate.certificate_sha256 })}
      </p>
    </>
  );
}

function ClaimLine({ claim }: { claim: CertificateClaim }) {
  const { t } = useTranslation("rounds");
  const isNothing = claim.passed && claim.checked === 0;
  const Mark = isNothing ? CircleDashed : claim.passed ? CircleCheck : CircleX;
  return (
    <li data-tone={isNothing ? "nothing" : claim.passed ? "good" : "bad"} data-claim={claim.code}>
      <Mark size={16} aria-hidden />
      <div>
        {t(`claim.${claim.code}`)}
        {claim.offending.slice(0, 5).map((row) => (
          <div key={`${row.kind} ${row.id} ${row.why}`}>
            <span>
              {row.kind} {row.id}
            </span>
          </div>
        ))}
      </div>
      <span>
        {isNothing
          ? t("certificate.nothing")
          : claim.passed
            ? t("certificate.checked", { count: claim.checked })
            : t("certificate.against", { count: claim.offending_count, of: claim.checked })}
      </span>
    </li>
  );
}
