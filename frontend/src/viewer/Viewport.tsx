/**
 * One viewport as a component: props in, events out. Cornerstone lives in StackViewer, made in an effect
 * and destroyed in its clean-up; React only reads the state it publishes.
 */
import {
  type Dispatch,
  type Ref,
  useCallback,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { useTranslation } from "react-i18next";
import { Corners, type CornerText } from "./Corners";
import { ROI_TOOL_ACTIONS, runCommand } from "./commands";
import type { Affine, Length, Point } from "./coords";
import { HeatMapControls, HeatMapLegend } from "./HeatMapControls";
import { CLOSED_HEAT_MAP, type HeatMapAction, type HeatMapView } from "./heatMapView";
import { type HeatMapLayer, valueAt } from "./heatmap";
import type { KeyAction } from "./keyActions";
import { LineLayer } from "./LineLayer";
import { boxInView, type LineLayerProps, lineAfterKey, shapeInBox } from "./line";
import { roundPoint } from "./polygon";
import { RoiLayer } from "./RoiLayer";
import { runRoiKey } from "./roiKeys";
import type { RoiLayerProps } from "./roiScene";
import { StackViewer } from "./StackViewer";
import type { ViewerImage, ViewerStack } from "./stack";
import type { ViewSync } from "./sync";
import { Toolbar } from "./Toolbar";
import { roiKindOf } from "./tools";
import { useLatest } from "./useLatest";
import { ViewportNotice } from "./ViewportNotice";
import { EMPTY_STATE, type FirstPaint, heatMapOf, type ViewerState } from "./viewerState";
import "./viewer.css";

export interface ViewportHandle {
  /** Runs an action of the key map; false when it is not one of the viewport's own. */
  readonly run: (actionId: string) => boolean;
  /** Goes to an image of the stack; false when it has none such. */
  readonly show: (frame: Pick<ViewerImage, "sopInstanceUid" | "frameNumber">) => boolean;
  /** Draws with the tool in hand without a hand: in the middle of what can be seen. False without such a tool. */
  readonly place: () => boolean;
  readonly state: () => ViewerState;
}

export interface ViewportProps {
  readonly ref?: Ref<ViewportHandle>;
  readonly stack: ViewerStack | null;
  /** The stack is on its way: "no image" would be wrong to say. */
  readonly isPending?: boolean;
  readonly text: CornerText;
  /** Heat maps and their switch; without it there are none, nor controls nor keys for them. */
  readonly heatMap?: ViewportHeatMap | undefined;
  readonly actions: readonly KeyAction[];
  /** Regions to show and to draw; without it none, and no tools for them. */
  readonly rois?: RoiLayerProps | undefined;
  /** Follows, and leads, other viewports of the same stack. */
  readonly sync?: ViewSync | undefined;
  /** Lines to show and to draw with the length tool; without it that tool's lines are not kept. */
  readonly lines?: LineLayerProps | undefined;
  readonly onState?: (state: ViewerState) => void;
  readonly onFirstPaint?: (timing: FirstPaint) => void;
}

export interface ViewportHeatMap {
  /** Of the selected finding, one per frame; only the one of the frame on the screen is drawn. */
  readonly layers: readonly HeatMapLayer[];
  readonly view: HeatMapView;
  readonly onView: Dispatch<HeatMapAction>;
}

const NO_LAYERS: readonly HeatMapLayer[] = [];
const nothingToWatch = () => () => {};
const emptyState = () => EMPTY_STATE;

export function Viewport(props: ViewportProps) {
  const { t } = useTranslation("viewer");
  const { stack, heatMap, onState, rois, lines } = props;
  const heatMaps = heatMap?.layers ?? NO_LAYERS;
  const heatMapView = heatMap?.view ?? CLOSED_HEAT_MAP;
  const onHeatMapView = heatMap?.onView;
  const element = useRef<HTMLDivElement>(null);
  const [viewer, setViewer] = useState<StackViewer | null>(null);
  const [isTextShown, setTextShown] = useState(true);
  const [cursor, setCursor] = useState<Point | null>(null);
  const events = useLatest({
    onFirstPaint: (timing: FirstPaint) => props.onFirstPaint?.(timing),
    formatLength: (length: Length) =>
      length.state === "not_evaluable"
        ? t("length.not_evaluable")
        : t(`length.${length.state}`, { mm: length.lengthMm.toFixed(1) }),
  });

  useEffect(() => {
    if (element.current === null) {
      return;
    }
    const made = new StackViewer(element.current, {
      onFirstPaint: (timing) => events.current.onFirstPaint(timing),
      formatLength: (length) => events.current.formatLength(length),
    });
    setViewer(made);
    return () => {
      setViewer(null);
      made.destroy();
    };
  }, []);

  const state = useSyncExternalStore(
    viewer?.subscribe ?? nothingToWatch,
    viewer?.getState ?? emptyState,
  );

  // A refetched study makes a new stack object of the same key: the image on the screen stays.
  const latestStack = useLatest(stack);
  const stackKey = stack?.key ?? null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key alone says that it is another stack
  useEffect(() => viewer?.setStack(latestStack.current), [viewer, stackKey]);
  useEffect(() => viewer?.setHeatMaps(heatMaps, heatMapView), [viewer, heatMaps, heatMapView]);
  // In the task of the paint: a key that finds the image finds its screen ready too.
  useLayoutEffect(() => onState?.(state), [onState, state]);
  const { sync } = props;
  useEffect(
    () => (viewer && sync ? sync.join(viewer, element.current ?? undefined) : undefined),
    [viewer, sync],
  );

  const latestRois = useLatest(rois);
  const latestLines = useLatest(lines);
  const canDrawRois = rois?.onDraw !== undefined;
  useEffect(() => {
    if (!canDrawRois && roiKindOf(state.tool) !== null) {
      viewer?.setTool("window");
    }
  }, [viewer, canDrawRois, state.tool]);

  const run = useCallback(
    (actionId: string): boolean => {
      const change = onHeatMapView && HEAT_MAP_KEYS[actionId];
      if (actionId === "viewer.toggleText") {
        setTextShown((isShown) => !isShown);
      } else if (change !== undefined) {
        onHeatMapView?.(change);
      }
      const isOwn = actionId === "viewer.toggleText" || change !== undefined;
      const layers = { rois: latestRois.current, lines: latestLines.current };
      return isOwn || (viewer !== null && runOnImage(viewer, layers, actionId));
    },
    [viewer, onHeatMapView],
  );
  useImperativeHandle(
    props.ref,
    () => ({
      run: (actionId) => {
        if (viewer) sync?.lead(viewer);
        return run(actionId);
      },
      show: (frame) => showFrame(viewer, latestStack.current, frame),
      place: () =>
        viewer !== null &&
        element.current !== null &&
        place(viewer, { rois: latestRois.current, lines: latestLines.current }, element.current),
      state: () => viewer?.getState() ?? EMPTY_STATE,
    }),
    [run, viewer, sync],
  );

  const isCurrent = state.stackKey === stackKey && state.isPainted;
  const image = isCurrent ? viewer?.currentImage() : null;
  const layer = isCurrent ? heatMapOf(heatMaps, state) : null;
  return (
    <section className="viewer" aria-label={t("viewport.label")}>
      {viewer !== null && !state.canDraw && (
        <div className="viewer-banner" role="status" data-testid="view-only">
          {t("viewport.view_only")}
        </div>
      )}
      <div
        className="viewer-stage"
        data-testid="viewport"
        data-status={state.status}
        data-stack={state.stackKey ?? ""}
        data-slice={state.sliceIndex + 1}
        data-slices={state.sliceCount}
        data-ww={Math.round(state.windowWidth)}
        data-wc={Math.round(state.windowCentre)}
        data-zoom={state.zoom.toFixed(4)}
        data-rotation={Math.round(state.rotation)}
        data-painted={state.isPainted}
        data-transform={state.imageToCanvas?.join(" ") ?? ""}
        onPointerMove={(event) => setCursor(pointIn(element.current, event))}
        onPointerLeave={() => setCursor(null)}
      >
        <div ref={element} className="viewer-element">
          {rois && image && state.imageToCanvas && (
            <RoiLayer rois={rois} image={image} state={state} imageToCanvas={state.imageToCanvas} />
          )}
          {lines && image && state.imageToCanvas && (
            <LineLayer
              lines={lines}
              image={image}
              state={state}
              imageToCanvas={state.imageToCanvas}
            />
          )}
        </div>
        {image && isTextShown && <Corners text={props.text} state={state} image={image} />}
        {layer && heatMapView.isVisible && (
          <HeatMapLegend layer={layer} valueUnderCursor={valueUnder(viewer, layer, cursor)} />
        )}
        <ViewportNotice
          state={state}
          isPending={props.isPending === true}
          onRetry={() => viewer?.retry()}
        />
      </div>
      <p className="visually-hidden" aria-live="polite" data-testid="viewport-announcement">
        {isCurrent &&
          t("viewport.announcement", {
            slice: state.sliceIndex + 1,
            count: state.sliceCount,
            width: Math.round(state.windowWidth),
            centre: Math.round(state.windowCentre),
          })}
      </p>
      <div className="viewer-bar">
        <Toolbar
          actions={props.actions}
          activeTool={state.tool}
          isInverted={state.isInverted}
          canDraw={state.canDraw}
          hasRoiTools={canDrawRois}
          isEnabled={isCurrent}
          modality={stack?.images[0]?.modality ?? ""}
          onCommand={run}
        />
        {onHeatMapView && (
          <HeatMapControls
            layer={layer}
            view={heatMapView}
            dispatch={onHeatMapView}
            actions={props.actions}
          />
        )}
      </div>
    </section>
  );
}

const HEAT_MAP_KEYS: Readonly<Record<string, HeatMapAction>> = {
  "viewer.heatMap": { type: "toggled" },
  "viewer.heatMapMode": { type: "mode_advanced" },
  "viewer.heatMapMore": { type: "opacity_stepped", steps: 1 },
  "viewer.heatMapLess": { type: "opacity_stepped", steps: -1 },
};

interface Layers {
  readonly rois: RoiLayerProps | undefined;
  readonly lines: LineLayerProps | undefined;
}

/** Keys of the selected region or line, of the drawing tools where they are offered, and of the image. */
function runOnImage(viewer: StackViewer, { rois, lines }: Layers, actionId: string): boolean {
  const image = viewer.currentImage();
  const { imageToCanvas, canDraw } = viewer.getState();
  const view = image && imageToCanvas && { image, imageToCanvas };
  if (actionId.startsWith("roi.")) {
    const isAllowed = canDraw || actionId === "roi.deselect";
    if (!isAllowed || view === null) return false;
    if (lines?.items.some(({ isSelected }) => isSelected)) return runLineKey(lines, view, actionId);
    return rois !== undefined && runRoiKey(rois, view, actionId);
  }
  return (ROI_TOOL_ACTIONS.has(actionId) && !rois?.onDraw) || runCommand(viewer, actionId);
}

function showFrame(
  viewer: StackViewer | null,
  stack: ViewerStack | null,
  { sopInstanceUid, frameNumber }: Pick<ViewerImage, "sopInstanceUid" | "frameNumber">,
): boolean {
  const index = stack?.images.findIndex(
    (image) => image.sopInstanceUid === sopInstanceUid && image.frameNumber === frameNumber,
  );
  if (index === undefined || index < 0) return false;
  viewer?.showSlice(index);
  return true;
}

function runLineKey(
  lines: LineLayerProps,
  { image, imageToCanvas }: { readonly image: ViewerImage; readonly imageToCanvas: Affine },
  actionId: string,
): boolean {
  const line = lines.items.find(({ isSelected, isReadOnly }) => isSelected && !isReadOnly)?.line;
  if (actionId === "roi.deselect") {
    lines.onSelect(null);
    return true;
  }
  if (line === undefined) return false;
  if (actionId === "roi.delete") {
    lines.onDelete?.(line.lineId);
    return true;
  }
  const shape = lineAfterKey(actionId, line, { imageToCanvas, size: image });
  if (shape !== null && line.sopInstanceUid === image.sopInstanceUid) {
    lines.onChange(line.lineId, shape, "end");
  }
  return shape !== null;
}

/** What the tool in hand draws, where no hand draws it. */
function place(viewer: StackViewer, { rois, lines }: Layers, element: HTMLElement): boolean {
  const image = viewer.currentImage();
  const { imageToCanvas, tool, canDraw } = viewer.getState();
  if (!image || !imageToCanvas || !canDraw) return false;
  const canvas = { width: element.clientWidth, height: element.clientHeight };
  const box = boxInView(imageToCanvas, canvas, image);
  const { sopInstanceUid, frameNumber } = image;
  const kind = roiKindOf(tool);
  if (kind !== null && rois?.onDraw) {
    rois.onDraw({ ...shapeInBox(kind, box), sopInstanceUid, frameNumber });
    return true;
  }
  if (tool === "length" && lines?.onDraw) {
    const row = (box.top + box.bottom) / 2;
    const [start, end]: Point[] = [roundPoint([box.left, row]), roundPoint([box.right, row])];
    if (start && end) lines.onDraw({ start, end, sopInstanceUid, frameNumber });
    return true;
  }
  return false;
}

function valueUnder(viewer: StackViewer | null, layer: HeatMapLayer, cursor: Point | null) {
  const point = cursor && viewer?.imagePointAt(cursor);
  return point ? valueAt(layer, point) : undefined;
}

function pointIn(
  element: HTMLElement | null,
  event: { clientX: number; clientY: number },
): Point | null {
  const box = element?.getBoundingClientRect();
  return box ? [event.clientX - box.left, event.clientY - box.top] : null;
}
