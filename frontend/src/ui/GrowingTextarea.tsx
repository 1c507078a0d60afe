/**
 * A text of a read, from two lines to five. Grows by CSS: a library that measures keeps a hidden copy of the
 * text in the page, even after the case; and the browser is not to remember it either.
 */
import { Textarea, type TextareaProps } from "@mantine/core";
import styles from "./GrowingTextarea.module.css";

export function GrowingTextarea(props: TextareaProps) {
  return (
    <Textarea
      size="xs"
      rows={2}
      autoComplete="off"
      classNames={{ input: styles.input ?? "" }}
      {...props}
    />
  );
}
