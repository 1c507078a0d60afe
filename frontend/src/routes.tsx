/** The route table: every page of the app and who may open it. */
import { lazy, type ReactNode, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { Navigate, Route, Routes, useParams } from "react-router";
import type { Role } from "./api/types";
import { ARBITRATE_PATH, LABEL_PATH, worklistPath } from "./cases/paths";
import { Frame } from "./Frame";
import { isReader, type Membership, READERS, useMembership, useSession } from "./session/context";
import { StateView } from "./ui/StateView";
import { WorklistPage } from "./worklist/WorklistPage";

const ReviewPage = lazy(() =>
  import("./review/ReviewPage").then((module) => ({ default: module.ReviewPage })),
);
const AdminPage = lazy(() =>
  import("./admin/AdminPage").then((module) => ({ default: module.AdminPage })),
);
const RoundsPage = lazy(() =>
  import("./label/RoundsPage").then((module) => ({ default: module.RoundsPage })),
);
const ReadPage = lazy(() =>
  import("./label/ReadPage").then((module) => ({ default: module.ReadPage })),
);
const OwnReadsPage = lazy(() =>
  import("./label/OwnReadsPage").then((module) => ({ default: module.OwnReadsPage })),
);
const ResultPage = lazy(() =>
  import("./label/ResultPage").then((module) => ({ default: module.ResultPage })),
);
const ArbitrationPage = lazy(() =>
  import("./arbitrate/ArbitrationPage").then((module) => ({ default: module.ArbitrationPage })),
);

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
      <Route
        path={LABEL_PATH}
        element={
          <BlindPage>
            <RoundsPage />
          </BlindPage>
        }
      />
      <Route
        path={ARBITRATE_PATH}
        element={
          <BlindPage>
            <RoundsPage only="arbitrator" />
          </BlindPage>
        }
      />
      <Route
        path={`${ARBITRATE_PATH}/:roundId/arbitrations/:arbitrationId`}
        element={
          <BlindPage>
            <ArbitrationPage />
          </BlindPage>
        }
      />
      <Route
        path={`${LABEL_PATH}/:roundId/reads`}
        element={
          <BlindPage>
            <OwnReadsPage />
          </BlindPage>
        }
      />
      <Route
        path={`${LABEL_PATH}/:roundId/reads/:readId`}
        element={
          <BlindPage>
            <ReadPage />
          </BlindPage>
        }
      />
      <Route
        path={`${LABEL_PATH}/:roundId/reads/:readId/result`}
        element={
          <BlindPage>
            <ResultPage />
          </BlindPage>
        }
      />
      <Route path="*" element={<NotFound />} />
    </Routes>
  );
}

function FirstProject() {
  const { t } = useTranslation();
  const { memberships } = useSession();
  const first = memberships.find(isReader);
  if (first) return <Navigate to={worklistPath(first.project.id)} replace />;
  const mayLabel = memberships.some(({ roles }) => roles.includes("annotator"));
  if (mayLabel) return <Navigate to={LABEL_PATH} replace />;
  if (memberships.length > 0) return <Navigate to={ARBITRATE_PATH} replace />;
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

/** Pages of blinded reading: they belong to rounds, of whatever project; the server says whose. */
function BlindPage({ children }: { children: ReactNode }) {
  return (
    <Frame membership={null}>
      <Suspense fallback={null}>{children}</Suspense>
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
