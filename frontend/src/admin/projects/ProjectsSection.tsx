/** The projects that a person administers: the list, a new one, and the settings of each. */
import { Navigate, Route, Routes, useNavigate, useParams } from "react-router";
import type { Project } from "../../api/types";
import { NewProject } from "./NewProject";
import { ProjectSettingsPage } from "./ProjectSettingsPage";
import { ProjectTable } from "./ProjectTable";

export function ProjectsSection({ project }: { project: Project }) {
  const navigate = useNavigate();
  const root = `/projects/${project.id}/admin/projects`;
  const toList = () => void navigate(root);
  return (
    <Routes>
      <Route
        index
        element={
          <ProjectTable
            onNew={() => void navigate(`${root}/new`)}
            onOpen={(id) => void navigate(`${root}/${id}`)}
          />
        }
      />
      <Route path="new" element={<NewProject onClose={toList} />} />
      <Route path=":settingsId" element={<OneProject onClose={toList} />} />
      <Route path="*" element={<Navigate to={root} replace />} />
    </Routes>
  );
}

function OneProject({ onClose }: { onClose: () => void }) {
  const { settingsId = "" } = useParams();
  return <ProjectSettingsPage key={settingsId} projectId={settingsId} onClose={onClose} />;
}
