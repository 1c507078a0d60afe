/** What every screen may know of the login: the person, the projects, the roles, the language. */
import { createContext, useContext } from "react";
import { saveLanguage } from "../api/endpoints";
import type { Project, Role, Session, User } from "../api/types";
import { type Language, setLanguage } from "../i18n/i18n";

export const SESSION_KEY = ["session"];

export type LoggedIn = Session & { user: User };

export const SessionContext = createContext<LoggedIn | null>(null);

export function useSession(): LoggedIn {
  const session = useContext(SessionContext);
  if (!session) throw new Error("useSession is used outside SessionGate");
  return session;
}

export interface Membership {
  project: Project;
  roles: Role[];
}

/** Who reads the cases of a project with everything that is known of them; others only read blinded. */
export const READERS: readonly Role[] = ["radiologist", "admin"];

export function isReader({ roles }: Membership): boolean {
  return roles.some((role) => READERS.includes(role));
}

export function useMembership(projectId: string): Membership | null {
  const { memberships } = useSession();
  return memberships.find((membership) => membership.project.id === projectId) ?? null;
}

/** Changes the language now and remembers it for this person; works before login too. */
export function useLanguageChoice(): (language: Language) => Promise<void> {
  const session = useContext(SessionContext);
  return async (language) => {
    await setLanguage(language);
    if (session) await saveLanguage(language);
  };
}
