/** Where an invitation leads: a new account, or the roles for the account that is logged in. */
import { Alert, Button, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { join, joinAsMe, lookAtInvitation } from "../api/administration";
import { fetchSession } from "../api/endpoints";
import type { Role, User } from "../api/types";
import { errorSentence, fieldErrors, nameIn } from "../cases/words";
import { isLanguage } from "../i18n/i18n";
import { SESSION_KEY } from "./context";
import { LinkPage, LinkPageLoading } from "./LinkPage";
import styles from "./LinkPage.module.css";
import { LoginForm } from "./LoginForm";
import { leave as leaveLogin } from "./leaving";
import { isPasswordReady, NewPassword, type PasswordPair } from "./NewPassword";
import { UnusableLink } from "./UnusableLink";

export function JoinPage({ token }: { token: string }) {
  const { t, i18n } = useTranslation();
  const [newName, setNewName] = useState<string | null>(null);
  const invitation = useQuery({
    queryKey: ["join", token],
    queryFn: ({ signal }) => lookAtInvitation(token, signal),
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const session = useQuery({
    queryKey: SESSION_KEY,
    queryFn: ({ signal }) => fetchSession(signal),
  });
  if (newName !== null) {
    return (
      <main className={styles.page}>
        <LoginForm username={newName} notice={t("join.ready")} onLoggedIn={goHome} />
      </main>
    );
  }
  if (invitation.isPending || session.isPending) return <LinkPageLoading />;
  if (!invitation.data) {
    return <UnusableLink error={invitation.error} onRetry={() => void invitation.refetch()} />;
  }
  const { roles, invited_by, ...names } = invitation.data;
  const project = nameIn(i18n.language, {
    name_en: names.project_name_en,
    name_zh: names.project_name_zh,
  });
  const roleWords = roles
    .map((role: Role) => t(`roles.${role}`))
    .join(i18n.language === "en" ? ", " : "、");
  const user = session.data?.user ?? null;
  return (
    <LinkPage title={t("join.title", { project })}>
      <p className={styles.words}>{t("join.invited_as", { name: invited_by, roles: roleWords })}</p>
      {user ? (
        <KnownPerson token={token} user={user} onLeft={() => void session.refetch()} />
      ) : (
        <NewAccount token={token} displayName={names.display_name} onMade={setNewName} />
      )}
    </LinkPage>
  );
}

async function goHome(): Promise<void> {
  window.location.assign("/");
}

interface KnownPersonProps {
  token: string;
  user: User;
  onLeft: () => void;
}

function KnownPerson({ token, user, onLeft }: KnownPersonProps) {
  const { t } = useTranslation();
  const name = user.display_name || user.username;
  const accept = useMutation({ mutationFn: () => joinAsMe(token), onSuccess: goHome });
  const leave = useMutation({ mutationFn: leaveLogin, onSuccess: onLeft });
  return (
    <div className={styles.form}>
      {accept.isError && (
        <Alert color="red" role="alert">
          {errorSentence(accept.error)}
        </Alert>
      )}
      <div>{t("join.logged_in_as", { name })}</div>
      <Button loading={accept.isPending || accept.isSuccess} onClick={() => accept.mutate()}>
        {t("join.as_me", { name })}
      </Button>
      <Button variant="default" loading={leave.isPending} onClick={() => leave.mutate()}>
        {t("join.other_account")}
      </Button>
    </div>
  );
}

interface NewAccountProps {
  token: string;
  displayName: string;
  onMade: (username: string) => void;
}

function NewAccount({ token, displayName, onMade }: NewAccountProps) {
  const { t, i18n } = useTranslation();
  const [username, setUsername] = useState("");
  const [name, setName] = useState(displayName);
  const [password, setPassword] = useState<PasswordPair>({ first: "", second: "" });
  const make = useMutation({
    mutationFn: () =>
      join({
        token,
        username,
        display_name: name,
        password: password.first,
        language: isLanguage(i18n.language) ? i18n.language : "en",
      }),
    onSuccess: (joined) => onMade(joined.username),
  });
  const errors = fieldErrors(make.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isPasswordReady(password)) make.mutate();
  };
  return (
    <form className={styles.form} onSubmit={submit}>
      {make.isError && Object.keys(errors).length === 0 && (
        <Alert color="red" role="alert">
          {errorSentence(make.error)}
        </Alert>
      )}
      <TextInput
        label={t("join.display_name")}
        description={t("join.display_name_hint")}
        value={name}
        error={errors.display_name}
        maxLength={128}
        autoComplete="name"
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <TextInput
        label={t("join.username")}
        description={t("join.username_hint")}
        value={username}
        error={errors.username}
        maxLength={150}
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        required
        withAsterisk={false}
        onChange={(event) => setUsername(event.currentTarget.value)}
      />
      <NewPassword value={password} error={errors.password} onChange={setPassword} />
      <Button type="submit" loading={make.isPending} fullWidth>
        {t("join.submit")}
      </Button>
    </form>
  );
}
