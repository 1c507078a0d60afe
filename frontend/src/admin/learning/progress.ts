/** How far a run is, how fast it goes and when it will be done; pure. */
import type { Run } from "../../api/types";

export interface Work {
  stage: Run["progress"]["stage"];
  unit: "images" | "epochs";
  done: number;
  total: number;
}

/** What the present stage counts: training counts epochs, every other stage images. */
export function workOf({ progress }: Run): Work {
  const { stage, epoch, epochs, images_done, images_total } = progress;
  if (stage === "training") return { stage, unit: "epochs", done: epoch, total: epochs };
  return { stage, unit: "images", done: images_done, total: images_total };
}

export interface Mark {
  stage: Work["stage"];
  done: number;
  at_ms: number;
}

const REMEMBERED_MS = 30_000;

/** Remember where a stage was, for half a minute: the rate follows a machine that slows down. */
export function remember(marks: readonly Mark[], mark: Mark): Mark[] {
  const same = marks.filter(
    (one) => one.stage === mark.stage && one.done <= mark.done && one.at_ms < mark.at_ms,
  );
  const recent = same.filter((one) => mark.at_ms - one.at_ms <= REMEMBERED_MS);
  return [...(recent.length > 0 ? recent : same.slice(-1)), mark];
}

/** Work a second over what is remembered; null while nothing has moved. */
export function rateOf(marks: readonly Mark[]): number | null {
  const [first, last] = [marks.at(0), marks.at(-1)];
  if (!first || !last || last.done <= first.done) return null;
  return (last.done - first.done) / ((last.at_ms - first.at_ms) / 1000);
}

export function secondsLeft(work: Work, rate: number | null): number | null {
  return rate === null || rate <= 0 ? null : Math.max(0, work.total - work.done) / rate;
}
