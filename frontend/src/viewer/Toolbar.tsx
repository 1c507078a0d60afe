/** The image tools as buttons: every one has a key, and the tooltip names it. */
import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import type { ParseKeys } from "i18next";
import {
  ArrowUpDown,
  Circle,
  Contrast,
  FlipHorizontal2,
  FlipVertical2,
  Lasso,
  type LucideIcon,
  Maximize,
  Move,
  RotateCcw,
  RotateCw,
  Ruler,
  Square,
  SunMedium,
  Undo2,
  ZoomIn,
} from "lucide-react";
import { useTranslation } from "react-i18next";
import type { KeyAction } from "./keyActions";
import { keyHint } from "./keymap";
import { presetsOf } from "./tools";

interface ToolButton {
  readonly action: string;
  readonly icon: LucideIcon;
  /** The tool this button gives to the left mouse button. */
  readonly tool?: string;
}

const TOOLS: readonly ToolButton[] = [
  { action: "viewer.toolWindow", icon: SunMedium, tool: "window" },
  { action: "viewer.toolPan", icon: Move, tool: "pan" },
  { action: "viewer.toolZoom", icon: ZoomIn, tool: "zoom" },
  { action: "viewer.toolScroll", icon: ArrowUpDown, tool: "scroll" },
  { action: "viewer.toolLength", icon: Ruler, tool: "length" },
];
const ROI_TOOLS: readonly ToolButton[] = [
  { action: "viewer.toolRectangle", icon: Square, tool: "rectangle" },
  { action: "viewer.toolEllipse", icon: Circle, tool: "ellipse" },
  { action: "viewer.toolFreehand", icon: Lasso, tool: "freehand" },
];
const TURNS: readonly ToolButton[] = [
  { action: "viewer.invert", icon: Contrast },
  { action: "viewer.rotateLeft", icon: RotateCcw },
  { action: "viewer.rotateRight", icon: RotateCw },
  { action: "viewer.flipHorizontal", icon: FlipHorizontal2 },
  { action: "viewer.flipVertical", icon: FlipVertical2 },
];
const FITS: readonly ToolButton[] = [
  { action: "viewer.fit", icon: Maximize },
  { action: "viewer.reset", icon: Undo2 },
];

export interface ToolbarProps {
  readonly actions: readonly KeyAction[];
  readonly activeTool: string;
  readonly isInverted: boolean;
  readonly canDraw: boolean;
  /** Regions can be drawn here. */
  readonly hasRoiTools: boolean;
  readonly isEnabled: boolean;
  readonly modality: string;
  readonly onCommand: (actionId: string) => void;
}

export function Toolbar(props: ToolbarProps) {
  const { t } = useTranslation("viewer");
  const label = (action: string) => {
    const hint = keyHint(props.actions, action);
    const name = t(`keys.${action}` as ParseKeys<"viewer">);
    return hint === "" ? name : `${name} (${hint})`;
  };
  const button = ({ action, icon: Icon, tool }: ToolButton) => {
    const isPressed = tool === undefined ? undefined : tool === props.activeTool;
    const isDrawing = tool === "length" || ROI_TOOLS.some((one) => one.tool === tool);
    const isOn = isPressed === true || (action === "viewer.invert" && props.isInverted);
    return (
      <Tooltip key={action} label={label(action)}>
        <ActionIcon
          variant={isOn ? "light" : "subtle"}
          color={isOn ? "accent" : "gray"}
          size={28}
          aria-label={label(action)}
          {...(isPressed === undefined ? {} : { "aria-pressed": isPressed })}
          disabled={!props.isEnabled || (isDrawing && !props.canDraw)}
          onClick={() => props.onCommand(action)}
        >
          <Icon size={16} aria-hidden />
        </ActionIcon>
      </Tooltip>
    );
  };
  return (
    <div className="viewer-toolbar" role="toolbar" aria-label={t("toolbar.label")}>
      {TOOLS.map(button)}
      {props.hasRoiTools && ROI_TOOLS.map(button)}
      <PresetMenu {...props} />
      <span className="viewer-toolbar-gap" />
      {TURNS.map(button)}
      <span className="viewer-toolbar-gap" />
      <Tooltip label={label("viewer.oneToOne")}>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={28}
          aria-label={label("viewer.oneToOne")}
          disabled={!props.isEnabled}
          onClick={() => props.onCommand("viewer.oneToOne")}
        >
          <span className="viewer-toolbar-text">{t("toolbar.one_to_one")}</span>
        </ActionIcon>
      </Tooltip>
      {FITS.map(button)}
    </div>
  );
}

function PresetMenu({ actions, modality, isEnabled, onCommand }: ToolbarProps) {
  const { t } = useTranslation("viewer");
  return (
    <Menu position="top-start" returnFocus>
      <Menu.Target>
        <button type="button" className="viewer-preset-button" disabled={!isEnabled}>
          {t("presets.label")}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {presetsOf(modality).map(({ name }, i) => {
          const action = `viewer.preset${i + 1}`;
          return (
            <Menu.Item
              key={name}
              onClick={() => onCommand(action)}
              rightSection={<kbd className="viewer-kbd">{keyHint(actions, action)}</kbd>}
            >
              {t(`presets.${name}` as ParseKeys<"viewer">)}
            </Menu.Item>
          );
        })}
      </Menu.Dropdown>
    </Menu>
  );
}
