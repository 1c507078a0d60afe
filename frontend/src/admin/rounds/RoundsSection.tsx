/** The reading rounds of a project: the list, and one of them by its address. */
import { Route, Routes } from "react-router";
import type { Project } from "../../api/types";
import { RoundList } from "./RoundList";
import { RoundPage } from "./RoundPage";

export function RoundsSection({ project }: { project: Project }) {
  return (
    <Routes>
      <Route index element={<RoundList project={project} />} />
      <Route path=":roundId/*" element={<RoundPage project={project} />} />
    </Routes>
  );
}
