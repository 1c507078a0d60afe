/** The roles of a project in their fixed order, as words. */
import { useTranslation } from "react-i18next";
import type { Role } from "../../api/types";

export const ROLES: readonly Role[] = ["radiologist", "annotator", "arbitrator", "admin"];

export function useRoleWords(): (roles: readonly Role[]) => string {
  const { t, i18n } = useTranslation();
  const separator = i18n.language === "en" ? ", " : "、";
  return (roles) =>
    ROLES.filter((role) => roles.includes(role))
      .map((role) => t(`roles.${role}`))
      .join(separator);
}
