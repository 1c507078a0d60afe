/**
 * Who is working, in which projects and roles; asks for a login where nobody is. A page belongs to the first
 * person who worked in it: when their login ends, nothing that it holds may reach the next one.
 */
import { Button, Loader } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { fetchSession } from "../api/endpoints";
import { loginRestored, useLoginExpired } from "../api/expiry";
import type { User } from "../api/types";
import { isLanguage, setLanguage } from "../i18n/i18n";
import { StateView } from "../ui/StateView";
import { SESSION_KEY, SessionContext } from "./context";
import { LoginForm } from "./LoginForm";
import { hasLoginEnded, onLoginEnded } from "./leaving";
import styles from "./SessionGate.module.css";

export function SessionGate({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const session = useQuery({
    queryKey: SESSION_KEY,
    queryFn: ({ signal }) => fetchSession(signal),
  });
  const user = session.data?.user ?? null;
  const language = user?.language;
  const [owner, setOwner] = useState<string | null>(null);
  if (user && owner === null) setOwner(user.id);
  const hasLeft = useSyncExternalStore(onLoginEnded, hasLoginEnded);

  useEffect(() => {
    window.addEventListener("pageshow", refresh);
    return () => window.removeEventListener("pageshow", refresh);
  }, []);
  useEffect(() => {
    if (isLanguage(language)) void setLanguage(language);
  }, [language]);

  if (hasLeft) return <Emptied next={null} />;
  if (session.data && owner !== null && user?.id !== owner) return <Emptied next={user} />;
  if (session.isPending) return <Loader className={styles.loading ?? ""} size="sm" />;
  if (!session.data) {
    return (
      <StateView
        kind="error"
        title={t("errors.offline")}
        action={<Button onClick={() => void session.refetch()}>{t("common.retry")}</Button>}
      />
    );
  }
  if (!user) {
    return <LoginPage onLoggedIn={() => client.invalidateQueries({ queryKey: SESSION_KEY })} />;
  }
  return (
    <SessionContext.Provider value={{ ...session.data, user }}>
      {children}
      <ExpiredLogin userId={user.id} username={user.username} />
    </SessionContext.Provider>
  );
}

/** A page that the browser kept alive and shows again, as with Back: its login may be over since. */
function refresh({ persisted }: PageTransitionEvent): void {
  if (persisted) window.location.reload();
}

/** Draws nothing any more, and begins anew: with that, all that was in memory is gone. */
function Emptied({ next }: { next: User | null }) {
  const isAnotherPerson = next !== null;
  useEffect(() => {
    sessionStorage.clear(); // search texts can hold names
    // Whose login only ran out comes back to where they were; nobody else has a use for the address.
    if (isAnotherPerson || hasLoginEnded()) window.location.replace("/");
    else window.location.reload();
  }, [isAnotherPerson]);
  return <Loader className={styles.loading ?? ""} size="sm" />;
}

function LoginPage({ onLoggedIn }: { onLoggedIn: () => Promise<void> }) {
  return (
    <main className={styles.page}>
      <LoginForm onLoggedIn={onLoggedIn} />
    </main>
  );
}

/** Lies over the page when the login ended; the page and what was typed in it stay as they are. */
function ExpiredLogin({ userId, username }: { userId: string; username: string }) {
  const { t } = useTranslation();
  const isExpired = useLoginExpired();
  const panel = useRef<HTMLDialogElement>(null);

  useEffect(() => {
    if (isExpired) panel.current?.showModal();
    else panel.current?.close();
  }, [isExpired]);

  const resume = async () => {
    const session = await fetchSession();
    // Somebody else's login must not receive this person's waiting requests.
    if (session.user?.id !== userId) window.location.assign("/");
    else loginRestored();
  };
  return (
    <dialog
      ref={panel}
      className={styles.expired}
      aria-label={t("login.expired_title")}
      onCancel={(event) => event.preventDefault()}
    >
      {isExpired && (
        <LoginForm username={username} notice={t("login.expired")} onLoggedIn={resume} />
      )}
    </dialog>
  );
}
