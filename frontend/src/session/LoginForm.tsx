/** Name and password; says plainly why a login failed, without telling which of the two was wrong. */
import { Alert, Button, PasswordInput, SegmentedControl, TextInput } from "@mantine/core";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type LoginResult, logIn } from "../api/endpoints";
import { LANGUAGES, type Language } from "../i18n/i18n";
import { useLanguageChoice } from "./context";
import styles from "./LoginForm.module.css";
import { LANGUAGE_NAMES } from "./languageNames";

interface LoginFormProps {
  username?: string;
  notice?: string;
  onLoggedIn: () => Promise<void>;
}

export function LoginForm({ username = "", notice, onLoggedIn }: LoginFormProps) {
  const { t, i18n } = useTranslation();
  const chooseLanguage = useLanguageChoice();
  const [name, setName] = useState(username);
  const [password, setPassword] = useState("");
  const [isSending, setIsSending] = useState(false);
  const [result, setResult] = useState<LoginResult>("ok");

  const firstEmpty = useRef<HTMLInputElement>(null);
  useEffect(() => firstEmpty.current?.focus(), []);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setIsSending(true);
    const answer = await logIn(name, password);
    setResult(answer);
    if (answer === "ok") await onLoggedIn();
    else setPassword("");
    setIsSending(false);
  };
  return (
    <form className={styles.form} onSubmit={(event) => void submit(event)}>
      <h1 className={styles.brand}>{t("shell.brand")}</h1>
      <p className={styles.purpose}>{notice ?? t("login.purpose")}</p>
      {result !== "ok" && (
        <Alert color="red" role="alert">
          {t(`login.${result}`)}
        </Alert>
      )}
      <TextInput
        ref={username === "" ? firstEmpty : null}
        label={t("login.username")}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        autoComplete="username"
        required
        withAsterisk={false}
        disabled={username !== ""}
      />
      <PasswordInput
        ref={username === "" ? null : firstEmpty}
        label={t("login.password")}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        autoComplete="current-password"
        visibilityToggleButtonProps={{ "aria-label": t("login.show_password") }}
        required
        withAsterisk={false}
      />
      <Button type="submit" loading={isSending} fullWidth>
        {t("login.submit")}
      </Button>
      <SegmentedControl
        className={styles.languages ?? ""}
        size="xs"
        aria-label={t("shell.language")}
        value={i18n.language}
        data={LANGUAGES.map((language) => ({ value: language, label: LANGUAGE_NAMES[language] }))}
        onChange={(value) => void chooseLanguage(value as Language)}
      />
      <p className={styles.research}>{t("shell.research_use")}</p>
    </form>
  );
}
