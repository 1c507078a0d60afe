/** Back and forth in a list that comes in pages; nothing where one page is all. */
import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import form from "../Form.module.css";
import styles from "./Rounds.module.css";

interface PageTurnerProps {
  offset: number;
  size: number;
  count: number;
  onTurn: (offset: number) => void;
}

export function PageTurner({ offset, size, count, onTurn }: PageTurnerProps) {
  const { t } = useTranslation("rounds");
  if (count <= size) return null;
  const last = Math.min(offset + size, count);
  return (
    <div className={styles.pages}>
      <span className={form.muted}>{t("case_list.page", { first: offset + 1, last, count })}</span>
      <Button
        variant="default"
        size="compact-sm"
        disabled={offset === 0}
        onClick={() => onTurn(offset - size)}
      >
        {t("case_list.previous")}
      </Button>
      <Button
        variant="default"
        size="compact-sm"
        disabled={last >= count}
        onClick={() => onTurn(offset + size)}
      >
        {t("case_list.next")}
      </Button>
    </div>
  );
}
