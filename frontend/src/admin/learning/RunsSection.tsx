/** The trainings of the project: the list, and one of them by its address. */
import { Route, Routes } from "react-router";
import type { Project } from "../../api/types";
import { RunList } from "./RunList";
import { RunPage } from "./RunPage";

export function RunsSection({ project }: { project: Project }) {
  return (
    <Routes>
      <Route index element={<RunList project={project} />} />
      <Route path=":runId" element={<RunPage project={project} />} />
    </Routes>
  );
}
