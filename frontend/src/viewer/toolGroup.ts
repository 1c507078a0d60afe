/** Cornerstone's mouse tools for one viewport: left is the chosen tool, right zooms, middle pans, wheel scrolls. */
import { utilities } from "@cornerstonejs/core";
import {
  annotation,
  LengthTool,
  PanTool,
  StackScrollTool,
  Enums as ToolEnums,
  ToolGroupManager,
  type Types as ToolTypes,
  WindowLevelTool,
  ZoomTool,
} from "@cornerstonejs/tools";
import type { ImageTool, PrimaryTool } from "./tools";

export const CORNERSTONE_TOOLS = [
  WindowLevelTool,
  PanTool,
  ZoomTool,
  StackScrollTool,
  LengthTool,
] as const;

const { MouseBindings, KeyboardBindings } = ToolEnums;

const TOOL_NAMES: Readonly<Record<ImageTool, string>> = {
  window: WindowLevelTool.toolName,
  pan: PanTool.toolName,
  zoom: ZoomTool.toolName,
  scroll: StackScrollTool.toolName,
  length: LengthTool.toolName,
};

/** What each tool always answers to, whichever tool the left button has. */
const FIXED_BINDINGS: Readonly<Record<string, ToolTypes.IToolBinding[]>> = {
  [PanTool.toolName]: [{ mouseButton: MouseBindings.Auxiliary }],
  [ZoomTool.toolName]: [
    { mouseButton: MouseBindings.Secondary },
    { mouseButton: MouseBindings.Wheel, modifierKey: KeyboardBindings.Ctrl },
  ],
  [StackScrollTool.toolName]: [{ mouseButton: MouseBindings.Wheel }],
};

export type LengthText = (imageId: string, points: readonly (readonly number[])[]) => string;

export class ViewportTools {
  private readonly group: ToolTypes.IToolGroup;

  constructor(
    private readonly viewportId: string,
    engineId: string,
    options: { canDraw: boolean; lengthText: LengthText },
  ) {
    const group = ToolGroupManager.createToolGroup(viewportId);
    if (group === undefined) {
      throw new Error(`tool group ${viewportId} exists already`);
    }
    this.group = group;
    for (const { toolName } of CORNERSTONE_TOOLS) {
      if (toolName === LengthTool.toolName) {
        this.addLengthTool(options);
      } else {
        group.addTool(toolName);
      }
    }
    group.addViewport(viewportId, engineId);
    this.activate("window");
  }

  private addLengthTool(options: { canDraw: boolean; lengthText: LengthText }): void {
    if (!options.canDraw) {
      return;
    }
    this.group.addTool(LengthTool.toolName, {
      // Own arithmetic: which spacing is meant, and whether there is one, is for coords.ts to say.
      getTextLines: (data: { handles: { points: number[][] } }, targetId: string) => {
        const imageId = targetId.replace(/^imageId:/, "");
        return [options.lengthText(imageId, data.handles.points)];
      },
    });
    this.group.setToolPassive(LengthTool.toolName);
  }

  /** Gives the left button to a tool, to none when a region is drawn; the others keep their own buttons. */
  activate(tool: PrimaryTool): void {
    for (const [name, toolName] of Object.entries(TOOL_NAMES)) {
      if (!this.group.hasTool(toolName)) {
        continue;
      }
      const fixed = FIXED_BINDINGS[toolName] ?? [];
      const bindings =
        name === tool ? [{ mouseButton: MouseBindings.Primary }, ...fixed] : [...fixed];
      this.group.setToolPassive(toolName, { removeAllBindings: true });
      if (bindings.length > 0) {
        this.group.setToolActive(toolName, { bindings });
      }
    }
  }

  destroy(): void {
    ToolGroupManager.destroyToolGroup(this.viewportId);
  }
}

/** Removes the selected lines, or the newest one on this image when none is selected. */
export function deleteLengths(imageId: string): void {
  const all = annotation.state
    .getAllAnnotations()
    .filter(({ metadata }) => metadata?.referencedImageId === imageId);
  const selected = all.filter(({ annotationUID = "" }) =>
    annotation.selection.isAnnotationSelected(annotationUID),
  );
  for (const { annotationUID } of selected.length > 0 ? selected : all.slice(-1)) {
    if (annotationUID !== undefined) {
      annotation.state.removeAnnotation(annotationUID);
    }
  }
}

export function scrollStack(
  viewport: Parameters<typeof utilities.scroll>[0],
  slices: number,
): void {
  utilities.scroll(viewport, { delta: slices, debounceLoading: false });
}
