/** Acts and kinds of target as words; what has none yet is shown as it is stored. */
import i18next from "i18next";
import { useTranslation } from "react-i18next";

function wordFor(group: "audit_action" | "audit_target", code: string): string {
  const key = `${group}.${code}`;
  return code && i18next.exists(key) ? i18next.t(key as "audit.title") : code;
}

interface AuditWords {
  action: (code: string) => string;
  target: (code: string) => string;
}

export function useAuditWords(): AuditWords {
  useTranslation(); // drawn again in another language
  return {
    action: (code) => wordFor("audit_action", code),
    target: (code) => wordFor("audit_target", code),
  };
}
