/** The administrator's room, a section for each question; a new section is a line in SECTIONS. */
import {
  Activity,
  Boxes,
  Camera,
  EyeOff,
  FileWarning,
  FolderCog,
  GraduationCap,
  ListChecks,
  type LucideIcon,
  ScrollText,
  UsersRound,
} from "lucide-react";
import type { ComponentType } from "react";
import { useTranslation } from "react-i18next";
import { Navigate, NavLink, Route, Routes } from "react-router";
import type { Project } from "../api/types";
import styles from "./AdminPage.module.css";
import { AuditSection } from "./audit/AuditSection";
import { IngestSection } from "./IngestSection";
import { QueueSection } from "./learning/QueueSection";
import { RunsSection } from "./learning/RunsSection";
import { SnapshotsSection } from "./learning/SnapshotsSection";
import { ModelsSection } from "./ModelsSection";
import { ProjectsSection } from "./projects/ProjectsSection";
import { RoundsSection } from "./rounds/RoundsSection";
import { SystemSection } from "./system/SystemSection";
import { UsersSection } from "./users/UsersSection";

const SECTIONS = [
  { path: "queue", icon: ListChecks, Section: QueueSection },
  { path: "snapshots", icon: Camera, Section: SnapshotsSection },
  { path: "runs", icon: GraduationCap, Section: RunsSection },
  { path: "models", icon: Boxes, Section: ModelsSection },
  { path: "rounds", icon: EyeOff, Section: RoundsSection },
  { path: "ingest", icon: FileWarning, Section: IngestSection },
  { path: "projects", icon: FolderCog, Section: ProjectsSection },
  { path: "users", icon: UsersRound, Section: UsersSection },
  { path: "audit", icon: ScrollText, Section: AuditSection },
  { path: "system", icon: Activity, Section: SystemSection },
] as const satisfies readonly {
  path: string;
  icon: LucideIcon;
  Section: ComponentType<{ project: Project }>;
}[];

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
          {SECTIONS.map(({ path, Section }) => (
            <Route key={path} path={`${path}/*`} element={<Section project={project} />} />
          ))}
          <Route path="*" element={<Navigate to={`${root}/queue`} replace />} />
        </Routes>
      </div>
    </div>
  );
}
