import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// The build is served by Django: assets by whitenoise under /static/, index.html as a template that
// fills CSP_NONCE_PLACEHOLDER in every response (Vite puts it on each script, style and link tag and
// in <meta property="csp-nonce">, from which Mantine takes it for the style tags it adds).
const CSP_NONCE_PLACEHOLDER = "{{ CSP_NONCE }}";
const BACKEND = process.env.COREAD_BACKEND ?? "http://127.0.0.1:8000";
const BACKEND_PATHS = ["/api", "/dicomweb", "/_allauth", "/csp-report"];

// Cornerstone's loader must stay unbundled in the dev server (its worker and wasm are found by relative
// URL), but the CommonJS packages below it must be pre-bundled, or they have no default export.
const viaLoader = "@cornerstonejs/dicom-image-loader > ";
const codec = `${viaLoader}@cornerstonejs/codec-`;

export default defineConfig(({ command }) => ({
  base: command === "build" ? "/static/" : "/",
  plugins: [react()],
  html: command === "build" ? { cspNonce: CSP_NONCE_PLACEHOLDER } : {},
  worker: { format: "es" },
  build: { target: "es2022", outDir: "dist", chunkSizeWarningLimit: 4500 },
  // vtk.js reaches Node's "events" through its XML reader: the package of that name takes its place.
  resolve: { alias: { events: "events/" } },
  optimizeDeps: {
    exclude: ["@cornerstonejs/dicom-image-loader"],
    include: [
      "dicom-parser",
      `${codec}libjpeg-turbo-8bit/decodewasmjs`,
      `${codec}charls/decodewasmjs`,
      `${codec}openjpeg/decodewasmjs`,
      `${codec}openjph/wasmjs`,
      `${codec}libjxl/decodewasmjs`,
      `${viaLoader}@cornerstonejs/jpeg-lossless-decoder-js`,
      `${viaLoader}pako`,
      `${viaLoader}comlink`,
    ],
  },
  server: {
    host: "127.0.0.1",
    proxy: Object.fromEntries(BACKEND_PATHS.map((path) => [path, { target: BACKEND }])),
  },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
}));
