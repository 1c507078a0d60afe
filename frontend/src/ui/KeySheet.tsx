/** The `?` sheet: every key of the contexts in use, in one panel that leaves the page visible. */
import { Drawer, Kbd } from "@mantine/core";
import { Fragment } from "react";
import styles from "./KeySheet.module.css";

export interface KeySection {
  title: string;
  rows: { chords: string[]; label: string }[];
}

interface KeySheetProps {
  isOpen: boolean;
  title: string;
  closeLabel: string;
  sections: KeySection[];
  onClose: () => void;
}

export function KeySheet({ isOpen, title, closeLabel, sections, onClose }: KeySheetProps) {
  return (
    <Drawer
      opened={isOpen}
      onClose={onClose}
      position="right"
      size={400}
      title={title}
      closeButtonProps={{ "aria-label": closeLabel }}
      overlayProps={{ backgroundOpacity: 0.2 }}
      lockScroll={false}
    >
      {sections.map((section) => (
        <section key={section.title} className={styles.section}>
          <h2 className={styles.title}>{section.title}</h2>
          <dl className={styles.rows}>
            {section.rows.map((row) => (
              <Fragment key={row.label}>
                <dt>{row.label}</dt>
                <dd>
                  {row.chords.map((chord) => (
                    <Kbd key={chord}>{chord}</Kbd>
                  ))}
                </dd>
              </Fragment>
            ))}
          </dl>
        </section>
      ))}
    </Drawer>
  );
}
