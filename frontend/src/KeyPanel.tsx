/** The keys of the open screen, by context, in the reader's language; pressing a row gives it another key. */
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { currentKeyActions, storedOverrides, storeOverrides } from "./cases/useKeys";
import { KeySheet } from "./ui/KeySheet";
import { KEY_ACTIONS, SCREENS, type Screen } from "./viewer/keyActions";
import { chordOf, keyCaps, remapKey } from "./viewer/keymap";

interface KeyPanelProps {
  screen: Screen;
  isOpen: boolean;
  onClose: () => void;
}

export function KeyPanel({ screen, isOpen, onClose }: KeyPanelProps) {
  const { t } = useTranslation(["app", "viewer"]);
  const [changing, setChanging] = useState<string | null>(null);
  const [message, setMessage] = useState("");
  const nameOf = (id: string): string => t(`viewer:keys.${id}` as "viewer:keys.global.help");

  // Every key until the next chord belongs to this question, also those that mean something elsewhere.
  useEffect(() => {
    if (changing === null) return;
    const listen = (event: KeyboardEvent) => {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (event.code === "Escape") {
        setChanging(null);
        return;
      }
      const chord = event.code === "Backspace" ? "" : chordOf(event);
      if (chord === null) return;
      const { overrides, conflicts } = remapKey(storedOverrides(), changing, chord ? [chord] : []);
      const other = conflicts[0]?.actions.find((id) => id !== changing);
      if (other) {
        const key = keyCaps(chord).join(" + ");
        setMessage(
          t("keys.taken", { key, action: t(`viewer:keys.${other}` as "viewer:keys.global.help") }),
        );
        return;
      }
      storeOverrides(overrides);
      setMessage("");
      setChanging(null);
    };
    window.addEventListener("keydown", listen, { capture: true });
    return () => window.removeEventListener("keydown", listen, { capture: true });
  }, [changing, t]);

  const close = () => {
    setChanging(null);
    setMessage("");
    onClose();
  };
  // What the hands need first stands first: the innermost context.
  const sections = SCREENS[screen].toReversed().map((context) => ({
    title: t(`viewer:contexts.${context}`),
    rows: currentKeyActions(screen)
      .filter((action) => action.context === context)
      .map((action) => ({
        id: action.id,
        label: nameOf(action.id),
        chords: action.chords.map((chord) => keyCaps(chord).join(" + ")),
      })),
  }));
  const isChanged = KEY_ACTIONS.some((action) => storedOverrides()[action.id] !== undefined);
  return (
    <KeySheet
      isOpen={isOpen}
      texts={{
        title: t("shell.keys"),
        close: t("common.close"),
        press: t("keys.press"),
        change: t("keys.change"),
        off: t("keys.off"),
        reset: t("keys.reset"),
      }}
      sections={sections}
      changing={changing}
      message={message}
      canReset={isChanged}
      onChange={(id) => {
        setMessage("");
        setChanging(id);
      }}
      onReset={() => {
        storeOverrides({});
        setMessage(t("keys.reset_done"));
      }}
      onClose={close}
    />
  );
}
