/** The administrator's room: what waits for training, which model serves, what could not be taken in. */
import { Boxes, FileWarning, ListChecks, type LucideIcon } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Navigate, NavLink, Route, Routes } from "react-router";
import type { Project } from "../api/types";
import styles from "./AdminPage.module.css";
import { IngestSection } from "./IngestSection";
import { ModelsSection } from "./ModelsSection";
import { QueueSection } from "./QueueSection";

const SECTIONS = [
  { path: "queue", icon: ListChecks },
  { path: "models", icon: Boxes },
  { path: "ingest", icon: FileWarning },
] as const satisfies readonly { path: string; icon: LucideIcon }[];

export function AdminPage({ project }: { project: Project }) {
  const { t } = useTranslation();
  const root = `/projects/${project.id}/admin`;
  return (
    <div className={styles.page}>
      <nav className={styles.nav} aria-label={t("admin.title")}>
        {SECTIONS.map(({ path, icon: Icon }) => (
          <NavLink key={path} to={`${root}/${path}`} className={styles.link ?? ""}>
            <Icon size={16} aria-hidden />
            {t(`admin.${path}`)}
          </NavLink>
        ))}
      </nav>
      <div className={styles.section}>
        <Routes>
          <Route path="queue" element={<QueueSection project={project} />} />
          <Route path="models" element={<ModelsSection project={project} />} />
          <Route path="ingest" element={<IngestSection project={project} />} />
          <Route path="*" element={<Navigate to={`${root}/queue`} replace />} />
        </Routes>
      </div>
    </div>
  );
}
