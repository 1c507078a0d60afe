/** Study date between two days, with the spans people ask for as one press. */
import { Button, Popover, TextInput } from "@mantine/core";
import { ChevronDown } from "lucide-react";
import { useTranslation } from "react-i18next";
import styles from "./FilterBar.module.css";

const SPANS = [
  { name: "today", days: 0 },
  { name: "week", days: 6 },
  { name: "month", days: 29 },
] as const;
const MS_PER_DAY = 86_400_000;

function localDay(daysAgo: number): string {
  const at = new Date(Date.now() - daysAgo * MS_PER_DAY);
  const minutesEast = -at.getTimezoneOffset();
  return new Date(at.getTime() + minutesEast * 60_000).toISOString().slice(0, 10);
}

interface DateFilterProps {
  from: string | null;
  to: string | null;
  onChange: (from: string | null, to: string | null) => void;
}

export function DateFilter({ from, to, onChange }: DateFilterProps) {
  const { t } = useTranslation();
  const isSet = from !== null || to !== null;
  const label = isSet ? `${from ?? "…"} – ${to ?? "…"}` : t("worklist.date");
  return (
    <Popover position="bottom-start" shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <Button
          variant={isSet ? "light" : "default"}
          rightSection={<ChevronDown size={14} aria-hidden />}
        >
          {label}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p="md">
        <div className={styles.spans}>
          {SPANS.map((span) => (
            <Button
              key={span.name}
              variant="default"
              size="compact-xs"
              onClick={() => onChange(localDay(span.days), localDay(0))}
            >
              {t(`worklist.span_${span.name}`)}
            </Button>
          ))}
        </div>
        <div className={styles.dates}>
          <TextInput
            type="date"
            label={t("worklist.date_from")}
            value={from ?? ""}
            onChange={(event) => onChange(event.currentTarget.value || null, to)}
          />
          <TextInput
            type="date"
            label={t("worklist.date_to")}
            value={to ?? ""}
            onChange={(event) => onChange(from, event.currentTarget.value || null)}
          />
        </div>
        {isSet && (
          <Button variant="subtle" size="compact-xs" mt="sm" onClick={() => onChange(null, null)}>
            {t("worklist.clear")}
          </Button>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}
