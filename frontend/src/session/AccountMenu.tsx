/** Who is logged in, the language switch and the way out. */
import { Button, Menu } from "@mantine/core";
import { Languages, LogOut, UserRound } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Language } from "../i18n/i18n";
import { useLanguageChoice, useSession } from "./context";
import { LANGUAGE_NAMES } from "./languageNames";
import { leave } from "./leaving";

const OTHER_LANGUAGE: Record<string, Language> = { en: "zh-hans", "zh-hans": "en" };

export function LanguageSwitch() {
  const { t, i18n } = useTranslation();
  const choose = useLanguageChoice();
  const other = OTHER_LANGUAGE[i18n.language] ?? "en";
  return (
    <Button
      variant="subtle"
      color="gray"
      leftSection={<Languages size={16} aria-hidden />}
      aria-label={t("shell.language_switch", { language: LANGUAGE_NAMES[other] })}
      lang={other === "en" ? "en" : "zh-Hans"}
      onClick={() => void choose(other)}
    >
      {LANGUAGE_NAMES[other]}
    </Button>
  );
}

export function AccountMenu() {
  const { t } = useTranslation();
  const { user } = useSession();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          leftSection={<UserRound size={16} aria-hidden />}
          aria-label={t("shell.account", { name: user.display_name || user.username })}
        >
          {user.display_name || user.username}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<LogOut size={14} aria-hidden />} onClick={() => void leave()}>
          {t("shell.log_out")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
