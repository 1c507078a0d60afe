/** A round's set-up on one page: cases, known cases, rules, guideline, people, and what that means in work. */
import type { RoundSetup } from "../../api/rounds";
import type { Project } from "../../api/types";
import { CasesPanel } from "./CasesPanel";
import { CaseTable } from "./CaseTable";
import { GuidelineEditor } from "./GuidelineEditor";
import { KnownCasesPanel } from "./KnownCasesPanel";
import { MembersPanel } from "./MembersPanel";
import { PreviewPanel } from "./PreviewPanel";
import { RulesPanel } from "./RulesPanel";

export interface RoundPanelProps {
  project: Project;
  setup: RoundSetup;
}

export function SetupPanel({ project, setup }: RoundPanelProps) {
  return (
    <>
      <PreviewPanel setup={setup} />
      <CasesPanel project={project} setup={setup} />
      {setup.state === "draft" && setup.preview.cases > 0 && (
        <CaseTable project={project} setup={setup} />
      )}
      <KnownCasesPanel project={project} setup={setup} />
      <RulesPanel key={setup.policy.version} project={project} setup={setup} />
      <GuidelineEditor
        key={`guideline ${setup.guideline.version}`}
        project={project}
        setup={setup}
      />
      <MembersPanel project={project} setup={setup} />
    </>
  );
}
