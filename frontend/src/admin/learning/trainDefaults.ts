/** What a training is asked for with, unless the admin says otherwise; the server's own defaults. */
import type { Run } from "../../api/types";

export type Mode = Run["config"]["mode"];

export interface Settings {
  epochs: number;
  learning_rate: number;
}

export const DEFAULTS: Record<Mode, Settings> = {
  head: { epochs: 500, learning_rate: 0.05 },
  full: { epochs: 10, learning_rate: 0.0001 },
};
