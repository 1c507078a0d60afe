/** The keys of the open screen, by context, in the reader's language. */
import { useTranslation } from "react-i18next";
import { currentKeyActions } from "./cases/useKeys";
import { type KeySection, KeySheet } from "./ui/KeySheet";
import { keyCaps, SCREENS } from "./viewer/keymap";

interface KeyPanelProps {
  screen: keyof typeof SCREENS;
  isOpen: boolean;
  onClose: () => void;
}

export function KeyPanel({ screen, isOpen, onClose }: KeyPanelProps) {
  const { t } = useTranslation(["app", "viewer"]);
  const sections = SCREENS[screen].map(
    (context): KeySection => ({
      title: t(`viewer:contexts.${context}`),
      rows: currentKeyActions()
        .filter((action) => action.context === context && action.chords.length > 0)
        .map((action) => ({
          label: t(`viewer:keys.${action.id}` as never) as string,
          chords: action.chords.map((chord) => keyCaps(chord).join(" + ")),
        })),
    }),
  );
  return (
    <KeySheet
      isOpen={isOpen}
      title={t("shell.keys")}
      closeLabel={t("common.close")}
      sections={sections}
      onClose={onClose}
    />
  );
}
