/** The newest value of a render, for callbacks that outlive it. */
import { type RefObject, useLayoutEffect, useRef } from "react";

/**
 * Set in the same task in which the document changes: what a person sees or a key finds there is never newer than
 * what the callback knows. A passive effect leaves a gap after the paint, in which a key was lost.
 */
export function useLatest<T>(value: T): RefObject<T> {
  const latest = useRef(value);
  useLayoutEffect(() => {
    latest.current = value;
  });
  return latest;
}
