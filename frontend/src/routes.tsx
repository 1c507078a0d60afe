/** The route table: every page of the app and who may open it. */
import { lazy, type ReactNode, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { Navigate, Route, Routes, useParams } from "react-router";
import type { Role } from "./api/types";
import { worklistPath } from "./cases/paths";
import { Frame } from "./Frame";
import { type Membership, useMembership, useSession } from "./session/context";
import { StateView } from "./ui/StateView";
import { WorklistPage } from "./worklist/WorklistPage";

const ReviewPage = lazy(() =>
  import("./review/ReviewPage").then((module) => ({ default: module.ReviewPage })),
);
const AdminPage = lazy(() =>
  import("./admin/AdminPage").then((module) => ({ default: module.AdminPage })),
);

const READERS: readonly Role[] = ["radiologist", "admin"];
const ADMINS: readonly Role[] = ["admin"];

export function AppRoutes() {
  return (
    <Routes>
      <Route path="/" element={<FirstProject />} />
      <Route
        path="/projects/:projectId/worklist"
        element={
          <ProjectPage roles={READERS}>
            {({ project }) => <WorklistPage key={project.id} project={project} />}
          </ProjectPage>
        }
      />
      <Route
        path="/projects/:projectId/cases/:caseId"
        element={
          <ProjectPage roles={READERS}>
            {({ project }) => <ReviewPage project={project} />}
          </ProjectPage>
        }
      />
      <Route
        path="/projects/:projectId/admin/*"
        element={
          <ProjectPage roles={ADMINS}>
            {({ project }) => <AdminPage project={project} />}
          </ProjectPage>
        }
      />
      <Route path="*" element={<NotFound />} />
    </Routes>
  );
}

function FirstProject() {
  const { t } = useTranslation();
  const { memberships } = useSession();
  const first = memberships[0];
  if (first) return <Navigate to={worklistPath(first.project.id)} replace />;
  return (
    <Frame membership={null}>
      <StateView
        kind="empty"
        title={t("session.no_project")}
        detail={t("session.no_project_detail")}
      />
    </Frame>
  );
}

function NotFound() {
  const { t } = useTranslation();
  return (
    <Frame membership={null}>
      <StateView kind="error" title={t("errors.not_found")} />
    </Frame>
  );
}

interface ProjectPageProps {
  roles: readonly Role[];
  children: (membership: Membership) => ReactNode;
}

function ProjectPage({ roles, children }: ProjectPageProps) {
  const { t } = useTranslation();
  const { projectId = "" } = useParams();
  const membership = useMembership(projectId);
  if (!membership) return <NotFound />;
  const isAllowed = membership.roles.some((role) => roles.includes(role));
  return (
    <Frame membership={membership}>
      {isAllowed ? (
        <Suspense fallback={null}>{children(membership)}</Suspense>
      ) : (
        <StateView kind="empty" title={t("session.no_role")} detail={t("session.no_role_detail")} />
      )}
    </Frame>
  );
}
