/** One field of a number in pixels; WCAG 2.5.7: what a drag does, without dragging. */
import { TextInput } from "@mantine/core";
import { type KeyboardEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import "./roi.css";

/** A number in pixels: typed and confirmed with Enter or by leaving, or stepped with the arrows (Shift: 10). */
export function NumberField(props: {
  readonly label: string;
  readonly value: number;
  /** In millimetres; null where there are none. */
  readonly detail: string | null;
  readonly isReadOnly: boolean;
  readonly onCommit: (value: number) => void;
}) {
  const { t } = useTranslation("viewer");
  const { value, onCommit } = props;
  /** What is being typed; null: the region's own number. */
  const [text, setText] = useState<string | null>(null);
  const commit = () => {
    const typed = numberIn(text ?? "");
    setText(null);
    if (typed !== null && typed !== value) {
      onCommit(typed);
    }
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (event.key === "Enter") {
      commit();
    } else if (event.key === "Escape") {
      setText(null);
    } else if (direction !== undefined && !props.isReadOnly) {
      event.preventDefault();
      setText(null);
      onCommit((numberIn(text ?? "") ?? value) + direction * (event.shiftKey ? 10 : 1));
    }
  };
  return (
    <TextInput
      size="xs"
      inputMode="decimal"
      label={props.label}
      description={
        props.detail === null ? null : (
          <span className="roi-fields-mm">{t("roi.fields.mm", { mm: props.detail })}</span>
        )
      }
      rightSection={<span className="roi-fields-unit">{t("roi.fields.px")}</span>}
      inputWrapperOrder={["label", "input", "description", "error"]}
      value={text ?? String(value)}
      readOnly={props.isReadOnly}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={commit}
      onKeyDown={onKeyDown}
    />
  );
}

/** A finite number, with a comma or a full-width digit as an input method may write it; null for anything else. */
function numberIn(text: string): number | null {
  const plain = text.normalize("NFKC").trim().replace(",", ".");
  const number = Number(plain);
  return plain !== "" && Number.isFinite(number) ? number : null;
}
