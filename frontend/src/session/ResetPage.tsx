/** Where a password link leads: a new password for the account it was made for. */
import { Alert, Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { lookAtReset, resetPassword } from "../api/administration";
import { errorSentence, fieldErrors } from "../cases/words";
import { LinkPage, LinkPageLoading } from "./LinkPage";
import styles from "./LinkPage.module.css";
import { LoginForm } from "./LoginForm";
import { isPasswordReady, NewPassword, type PasswordPair } from "./NewPassword";
import { UnusableLink } from "./UnusableLink";

export function ResetPage({ token }: { token: string }) {
  const { t } = useTranslation();
  const [password, setPassword] = useState<PasswordPair>({ first: "", second: "" });
  const reset = useQuery({
    queryKey: ["reset", token],
    queryFn: ({ signal }) => lookAtReset(token, signal),
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const set = useMutation({ mutationFn: () => resetPassword(token, password.first) });
  const errors = fieldErrors(set.error);
  if (set.data) {
    const goHome = async () => window.location.assign("/");
    return (
      <main className={styles.page}>
        <LoginForm username={set.data.username} notice={t("reset.ready")} onLoggedIn={goHome} />
      </main>
    );
  }
  if (reset.isPending) return <LinkPageLoading />;
  if (!reset.data) {
    return <UnusableLink error={reset.error} onRetry={() => void reset.refetch()} />;
  }
  const { username, display_name } = reset.data;
  const name = display_name ? `${display_name} (${username})` : username;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isPasswordReady(password)) set.mutate();
  };
  return (
    <LinkPage title={t("reset.title")}>
      <p className={styles.words}>
        {t("reset.for", { name })} {t("reset.ends_sessions")}
      </p>
      <form className={styles.form} onSubmit={submit}>
        {set.isError && Object.keys(errors).length === 0 && (
          <Alert color="red" role="alert">
            {errorSentence(set.error)}
          </Alert>
        )}
        {/* So that a password manager knows whose password this is. */}
        <input type="text" autoComplete="username" value={username} readOnly hidden />
        <NewPassword value={password} error={errors.password} onChange={setPassword} />
        <Button type="submit" loading={set.isPending} fullWidth>
          {t("reset.submit")}
        </Button>
      </form>
    </LinkPage>
  );
}
