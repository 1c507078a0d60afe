/** A link that is shown this once: to be copied and handed over before the panel is closed. */
import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { OneTimeLink } from "../api/types";
import { type LinkKind, linkAddress } from "../session/oneTimeLink";
import { CopyField } from "../ui/CopyField";
import { formatDateTime } from "../ui/format";
import form from "./Form.module.css";

interface OneTimeLinkPanelProps {
  title: string;
  kind: LinkKind;
  link: OneTimeLink;
  hint?: string;
  onDone: () => void;
}

export function OneTimeLinkPanel({ title, kind, link, hint, onDone }: OneTimeLinkPanelProps) {
  const { t } = useTranslation();
  return (
    <section className={form.panel} aria-label={title}>
      <h2 className={form.heading}>{title}</h2>
      <CopyField
        label={t("one_time_link.label")}
        value={linkAddress(window.location.origin, kind, link.token)}
        copyLabel={t("one_time_link.copy")}
        copiedLabel={t("one_time_link.copied")}
        failedText={t("one_time_link.copy_failed")}
      />
      <div>
        <p className={form.hint}>
          {t("one_time_link.told_once", { until: formatDateTime(link.expires_at) })}
        </p>
        <p className={form.hint}>{t("one_time_link.handing_over")}</p>
        {hint && <p className={form.hint}>{hint}</p>}
      </div>
      <div className={form.buttons}>
        <Button variant="default" onClick={onDone}>
          {t("one_time_link.done")}
        </Button>
      </div>
    </section>
  );
}
