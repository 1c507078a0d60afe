/** The `?` sheet: every key of the contexts in use, each changeable, in one panel that leaves the page visible. */
import { Button, Drawer, Kbd, UnstyledButton } from "@mantine/core";
import styles from "./KeySheet.module.css";

export interface KeyRow {
  id: string;
  label: string;
  chords: string[];
}

export interface KeySection {
  title: string;
  rows: KeyRow[];
}

interface KeySheetProps {
  isOpen: boolean;
  texts: {
    title: string;
    close: string;
    press: string;
    change: string;
    off: string;
    reset: string;
  };
  sections: KeySection[];
  /** The action that waits for its new key. */
  changing: string | null;
  message: string;
  canReset: boolean;
  onChange: (id: string) => void;
  onReset: () => void;
  onClose: () => void;
}

export function KeySheet(props: KeySheetProps) {
  const { texts, changing } = props;
  return (
    <Drawer
      opened={props.isOpen}
      onClose={props.onClose}
      position="right"
      size={400}
      title={texts.title}
      closeButtonProps={{ "aria-label": texts.close }}
      closeOnEscape={changing === null}
      overlayProps={{ backgroundOpacity: 0.2 }}
      lockScroll={false}
    >
      <p className={styles.message} role="status">
        {props.message || texts.change}
      </p>
      {props.sections.map((section) => (
        <section key={section.title} className={styles.section}>
          <h2 className={styles.title}>{section.title}</h2>
          <ul className={styles.rows}>
            {section.rows.map((row) => (
              <li key={row.id}>
                <UnstyledButton
                  className={styles.row ?? ""}
                  aria-pressed={changing === row.id}
                  onClick={() => props.onChange(row.id)}
                >
                  <span>{row.label}</span>
                  <span className={styles.chords}>
                    {changing === row.id ? (
                      <em>{texts.press}</em>
                    ) : (
                      row.chords.map((chord) => <Kbd key={chord}>{chord}</Kbd>)
                    )}
                    {changing !== row.id && row.chords.length === 0 && texts.off}
                  </span>
                </UnstyledButton>
              </li>
            ))}
          </ul>
        </section>
      ))}
      <Button variant="default" disabled={!props.canReset} onClick={props.onReset}>
        {texts.reset}
      </Button>
    </Drawer>
  );
}
