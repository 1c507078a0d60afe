/** Which viewer method answers which action of the key map? Keys and buttons both come through here. */
import type { StackViewer } from "./StackViewer";

const ZOOM_STEP = 1.25;
const PAN_STEP_CSS = 40;

type Command = (viewer: StackViewer) => void;

const COMMANDS: Readonly<Record<string, Command>> = {
  "viewer.nextSlice": (viewer) => viewer.scrollBy(1),
  "viewer.previousSlice": (viewer) => viewer.scrollBy(-1),
  "viewer.next10Slices": (viewer) => viewer.scrollBy(10),
  "viewer.previous10Slices": (viewer) => viewer.scrollBy(-10),
  "viewer.firstSlice": (viewer) => viewer.showSlice(0),
  "viewer.lastSlice": (viewer) => viewer.showSlice(Number.MAX_SAFE_INTEGER),
  "viewer.toolWindow": (viewer) => viewer.setTool("window"),
  "viewer.toolPan": (viewer) => viewer.setTool("pan"),
  "viewer.toolZoom": (viewer) => viewer.setTool("zoom"),
  "viewer.toolScroll": (viewer) => viewer.setTool("scroll"),
  "viewer.toolLength": (viewer) => viewer.setTool("length"),
  "viewer.toolRectangle": (viewer) => viewer.setTool("rectangle"),
  "viewer.toolEllipse": (viewer) => viewer.setTool("ellipse"),
  "viewer.toolFreehand": (viewer) => viewer.setTool("freehand"),
  "viewer.deleteLength": (viewer) => viewer.deleteLength(),
  "viewer.zoomIn": (viewer) => viewer.zoomBy(ZOOM_STEP),
  "viewer.zoomOut": (viewer) => viewer.zoomBy(1 / ZOOM_STEP),
  "viewer.panLeft": (viewer) => viewer.panBy([-PAN_STEP_CSS, 0]),
  "viewer.panRight": (viewer) => viewer.panBy([PAN_STEP_CSS, 0]),
  "viewer.panUp": (viewer) => viewer.panBy([0, -PAN_STEP_CSS]),
  "viewer.panDown": (viewer) => viewer.panBy([0, PAN_STEP_CSS]),
  "viewer.fit": (viewer) => viewer.fit(),
  "viewer.oneToOne": (viewer) => viewer.oneToOne(),
  "viewer.invert": (viewer) => viewer.invert(),
  "viewer.rotateRight": (viewer) => viewer.rotateBy(90),
  "viewer.rotateLeft": (viewer) => viewer.rotateBy(-90),
  "viewer.flipHorizontal": (viewer) => viewer.flip("horizontal"),
  "viewer.flipVertical": (viewer) => viewer.flip("vertical"),
  "viewer.reset": (viewer) => viewer.reset(),
};

/** Actions that are offered only where regions can be drawn. */
export const ROI_TOOL_ACTIONS: ReadonlySet<string> = new Set([
  "viewer.toolRectangle",
  "viewer.toolEllipse",
  "viewer.toolFreehand",
]);

const PRESET = /^viewer\.preset([1-9])$/;

/** False when the action is not one of the viewport's own. */
export function runCommand(viewer: StackViewer, actionId: string): boolean {
  const preset = PRESET.exec(actionId)?.[1];
  if (preset !== undefined) {
    viewer.applyPreset(Number(preset));
    return true;
  }
  const command = COMMANDS[actionId];
  command?.(viewer);
  return command !== undefined;
}
