/** A panel that opens above a long table comes into view and takes the focus: into its first text
 * field, or as a whole where it begins with a choice, which a stray key must not change. */
import { type RefObject, useEffect, useRef } from "react";

export function useArrival<Panel extends HTMLElement>(): RefObject<Panel | null> {
  const panel = useRef<Panel>(null);
  useEffect(() => {
    const arrived = panel.current;
    if (!arrived) return;
    arrived.scrollIntoView({ block: "nearest" });
    const first = arrived.querySelector("input, select, textarea");
    const isText = first instanceof HTMLInputElement && first.type === "text";
    if (isText) first.focus();
    else {
      arrived.tabIndex = -1;
      arrived.focus();
    }
  }, []);
  return panel;
}
