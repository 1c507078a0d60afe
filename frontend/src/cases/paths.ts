/** Addresses that more than one screen leads to. */

/** Where a day's work starts: what is not signed yet. */
export function worklistPath(projectId: string): string {
  return `/projects/${projectId}/worklist?status=unread&status=draft`;
}

export function casePath(projectId: string, caseId: string): string {
  return `/projects/${projectId}/cases/${caseId}`;
}
