/** Where a round stands, with an icon beside the word. */
import { CircleCheck, CircleDot, CircleOff, Lock, PencilLine } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { RoundState } from "../../api/rounds";
import form from "../Form.module.css";

const MARKS = { draft: PencilLine, open: CircleDot, closed: Lock, cancelled: CircleOff } as const;
const TONES = { draft: "off", open: "good", closed: "off", cancelled: "bad" } as const;

export function RoundStateWord({ state, isReleased }: { state: RoundState; isReleased: boolean }) {
  const { t } = useTranslation("rounds");
  const Mark = isReleased ? CircleCheck : MARKS[state];
  return (
    <span className={form.state} data-tone={isReleased ? "good" : TONES[state]}>
      <Mark size={14} aria-hidden />
      {t(isReleased ? "state.released" : `state.${state}`)}
    </span>
  );
}
