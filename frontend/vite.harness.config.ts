import { fileURLToPath } from "node:url";
import { defineConfig, mergeConfig } from "vite";
import app from "./vite.config";

// Builds the page on which tests/e2e drives the viewer alone, against a small frame server of its own.
const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig((environment) =>
  mergeConfig(typeof app === "function" ? app(environment) : app, {
    base: "/",
    root: path("harness"),
    html: { cspNonce: "" },
    build: { outDir: path("../test-results/viewer_harness"), emptyOutDir: true },
  }),
);
