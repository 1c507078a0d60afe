/** Addresses that more than one screen leads to. */

/** Where a day's work starts: what is not signed yet. */
export function worklistPath(projectId: string): string {
  return `/projects/${projectId}/worklist?status=unread&status=draft`;
}

export function casePath(projectId: string, caseId: string): string {
  return `/projects/${projectId}/cases/${caseId}`;
}

/** The rounds that a person reads in, as annotator or arbitrator. */
export const LABEL_PATH = "/label";
/** The same list, of the rounds that they arbitrate. */
export const ARBITRATE_PATH = "/arbitrate";

export function ownReadsPath(roundId: string): string {
  return `${LABEL_PATH}/${roundId}/reads`;
}

export function readPath(roundId: string, readId: string): string {
  return `${ownReadsPath(roundId)}/${readId}`;
}

export function readResultPath(roundId: string, readId: string): string {
  return `${readPath(roundId, readId)}/result`;
}

export function arbitrationPath(roundId: string, arbitrationId: string): string {
  return `${ARBITRATE_PATH}/${roundId}/arbitrations/${arbitrationId}`;
}
