/**
 * The viewer alone on a page, for browser tests. `?scene=NAME` names the stack; `&bare` shows the
 * imperative viewer without buttons, so that a test can set any angle and zoom through `window.viewer`.
 * `&rois` lets regions be drawn, `&rois=JSON` starts with stored ones: see RoiBench.tsx.
 */
import "@mantine/core/styles.css";
import "../src/ui/theme.css";
import { MantineProvider } from "@mantine/core";
import i18next from "i18next";
import { StrictMode, useEffect, useMemo, useReducer, useRef, useState } from "react";
import { createRoot } from "react-dom/client";
import { initReactI18next } from "react-i18next";
import en from "../src/i18n/viewer.en.json";
import zh from "../src/i18n/viewer.zh.json";
import { prefetchImages, startRenderer } from "../src/viewer/engine";
import { CLOSED_HEAT_MAP, heatMapViewReducer } from "../src/viewer/heatMapView";
import { decodeMaps, evidenceGrid, type HeatMapLayer } from "../src/viewer/heatmap";
import { SCREENS } from "../src/viewer/keyActions";
import { Keyboard } from "../src/viewer/keyboard";
import { effectiveActions } from "../src/viewer/keymap";
import { moveVertices, shapeFromPath } from "../src/viewer/roi";
import { StackViewer } from "../src/viewer/StackViewer";
import { imagesOfSeries, type ViewerStack } from "../src/viewer/stack";
import { Thumbnails } from "../src/viewer/Thumbnails";
import { Viewport, type ViewportHandle } from "../src/viewer/Viewport";
import { createWhatIf } from "../src/viewer/whatIf";
import { useRoiBench } from "./RoiBench";

const query = new URLSearchParams(location.search);

async function fetchStack(name: string): Promise<{ stack: ViewerStack; layers: HeatMapLayer[] }> {
  const scene = await (await fetch(`/scenes/${name}`)).json();
  const root = `${location.origin}/dicomweb`;
  const { study, series } = scene;
  const metadata = await (
    await fetch(`${root}/studies/${study}/series/${series.series_instance_uid}/metadata`)
  ).json();
  const images = imagesOfSeries({ root, studyInstanceUid: study, series, metadata });
  const layers: HeatMapLayer[] = [];
  if (scene.maps) {
    const bytes = await (await fetch(scene.maps.url)).arrayBuffer();
    const grid = evidenceGrid(decodeMaps(bytes, scene.maps.shape), 0, scene.maps.exclusive_groups);
    layers.push({
      sopInstanceUid: images[0]?.sopInstanceUid ?? "",
      frameNumber: 1,
      label: "Nodule",
      grid,
      imageToGrid: scene.maps.image_to_grid,
      scale: scene.maps.scale,
      threshold: null,
      isAboveThreshold: true,
    });
  }
  return { stack: { key: name, images, startIndex: 0 }, layers };
}

async function showBare(root: HTMLElement, name: string) {
  root.style.position = "relative";
  const { stack, layers } = await fetchStack(name);
  const paints: unknown[] = [];
  const viewer = new StackViewer(root as HTMLDivElement, {
    onFirstPaint: (timing) => paints.push(timing),
    formatLength: (length) => JSON.stringify(length),
  });
  viewer.setStack(stack);
  const showHeatMap = (isVisible: boolean, isSmooth = false) =>
    viewer.setHeatMaps(layers, {
      isVisible,
      mode: "fill",
      opacity: 1,
      isSmooth,
    });
  Object.assign(window, {
    viewer,
    paints,
    stack,
    layers,
    showHeatMap,
    fetchStack,
    prefetchImages,
    startRenderer,
  });
}

function App({ names }: { names: string[] }) {
  const [current, setCurrent] = useState(names[0] ?? "");
  const [loaded, setLoaded] = useState<{ stack: ViewerStack; layers: HeatMapLayer[] } | null>(null);
  const [view, dispatch] = useReducer(heatMapViewReducer, CLOSED_HEAT_MAP);
  const handle = useRef<ViewportHandle>(null);
  const actions = useMemo(() => effectiveActions(), []);
  const image = loaded?.stack.images[0];
  const bench = useRoiBench(query.get("rois"), image);
  const isRoiSelected = bench.selected !== undefined;
  useEffect(() => {
    setLoaded(null);
    dispatch({ type: "case_opened" });
    let isStale = false;
    void fetchStack(current).then((next) => isStale || setLoaded(next));
    return () => {
      isStale = true;
    };
  }, [current]);
  useEffect(() => {
    const handlers = Object.fromEntries(
      actions.map(({ id }) => [id, () => void handle.current?.run(id)]),
    );
    const lasting = SCREENS.review.filter((context) => context !== "roi");
    return new Keyboard({
      contexts: isRoiSelected ? ["roi", ...lasting] : lasting,
      actions: () => actions,
      handlers: () => handlers,
      subject: () => current,
      isImagePainted: () => handle.current?.state().isPainted === true,
    }).attach(window);
  }, [actions, current, isRoiSelected]);
  return (
    <div style={{ display: "flex", height: "100%" }}>
      <Thumbnails
        items={names.map((name) => ({ key: name, url: null, label: name, count: 1 }))}
        current={current}
        onSelect={setCurrent}
      />
      <Viewport
        ref={handle}
        stack={loaded?.stack ?? null}
        text={{ topLeft: ["ZHANG^WEI 张伟", "ID 12345"], topRight: ["2026-11-22"], bottomLeft: [] }}
        heatMap={{ layers: loaded?.layers ?? [], view, onView: dispatch }}
        actions={actions}
        rois={bench.props}
      />
      {bench.fields}
    </div>
  );
}

/** The arithmetic of regions, for tests against the server's and for measuring it. */
Object.assign(window, { createWhatIf, decodeMaps, moveVertices, shapeFromPath });

const root = document.getElementById("root");
if (root === null) throw new Error("no root");
const names = (query.get("scene") ?? "").split(",");
if (names[0] === "") {
  root.textContent = "No scene named.";
} else if (query.has("bare")) {
  await showBare(root, names[0] ?? "");
} else {
  await i18next.use(initReactI18next).init({
    lng: query.get("lng") ?? "en",
    ns: ["viewer"],
    defaultNS: "viewer",
    resources: { en: { viewer: en }, zh: { viewer: zh } },
    interpolation: { escapeValue: false },
    showSupportNotice: false,
  });
  createRoot(root).render(
    <StrictMode>
      <MantineProvider forceColorScheme="dark">
        <App names={names} />
      </MantineProvider>
    </StrictMode>,
  );
}
