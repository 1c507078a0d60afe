/** The viewer's stack of a case, from where the review fetches its images. */
import type { ReviewPayload } from "../api/types";
import { buildStack, type StackChoice } from "../reading/stacks";
import type { DicomJson, ViewerStack } from "../viewer/stack";

export function caseStack(
  { case_id, study }: Pick<ReviewPayload, "case_id" | "study">,
  choice: StackChoice,
  metadata: readonly DicomJson[],
): ViewerStack {
  return buildStack(
    { owner: case_id, dicomwebRoot: "/dicomweb", studyInstanceUid: study.study_instance_uid },
    choice,
    metadata,
  );
}
