/** What the set-up means in work, before anybody begins. */
import { useTranslation } from "react-i18next";
import type { RoundSetup } from "../../api/rounds";
import form from "../Form.module.css";
import section from "../Section.module.css";

export function PreviewPanel({ setup }: { setup: RoundSetup }) {
  const { t } = useTranslation("rounds");
  const { preview } = setup;
  const each = preview.reads_per_annotator;
  const facts: readonly (readonly [string, string])[] = [
    [String(preview.cases), t("preview.cases")],
    [String(preview.reads), t("preview.reads")],
    [each === null ? "–" : each.toFixed(0), t("preview.each")],
    [preview.hours.toFixed(1), t("preview.hours")],
    [String(preview.expected_arbitrations), t("preview.arbitrations")],
  ];
  return (
    <section aria-label={t("preview.title")}>
      <ul className={section.counts}>
        {facts.map(([value, words]) => (
          <li key={words}>
            <strong>{value}</strong>
            <span>{words}</span>
          </li>
        ))}
      </ul>
      {preview.is_assumed && <p className={form.hint}>{t("preview.assumed")}</p>}
      {preview.starved_cases > 0 && setup.members.length > 0 && (
        <p className={form.warning} role="status">
          {t("preview.starved", { count: preview.starved_cases })}
        </p>
      )}
    </section>
  );
}
