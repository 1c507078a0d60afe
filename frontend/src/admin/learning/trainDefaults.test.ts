import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { DEFAULTS } from "./trainDefaults";

const SERVER = path.resolve(
  import.meta.dirname,
  "../../../../apps/inference/compute/run_config.py",
);

it.each(["head", "full"] as const)("the form proposes the server's defaults for %s", (mode) => {
  const text = readFileSync(SERVER, "utf8");
  const line = new RegExp(`"${mode}": \\{"epochs": (\\d+), "learning_rate": ([\\d.e-]+),`);
  const found = line.exec(text.slice(text.indexOf("DEFAULTS: Final")));
  expect(found, "the server's defaults are not where they were").not.toBeNull();
  expect(DEFAULTS[mode]).toEqual({
    epochs: Number(found?.[1]),
    learning_rate: Number(found?.[2]),
  });
});
