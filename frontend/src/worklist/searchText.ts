/** The search text of a project's worklist: kept for this tab only, because it can hold a name. */
import { useEffect, useState } from "react";

const keyOf = (projectId: string): string => `coread.search.${projectId}`;

export function useSearchText(projectId: string): [string, (text: string) => void] {
  const [text, setText] = useState(() => sessionStorage.getItem(keyOf(projectId)) ?? "");
  useEffect(() => sessionStorage.setItem(keyOf(projectId), text), [projectId, text]);
  return [text, setText];
}
