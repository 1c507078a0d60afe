/** The heat map's switch, its drawing, its scale with numbers, and the value under the cursor. */
import { ActionIcon, SegmentedControl, Slider, Tooltip } from "@mantine/core";
import { Flame, Waves } from "lucide-react";
import type { Dispatch } from "react";
import { useTranslation } from "react-i18next";
import {
  HEAT_MAP_MODES,
  type HeatMapAction,
  type HeatMapMode,
  type HeatMapView,
} from "./heatMapView";
import { type HeatMapLayer, legendOf } from "./heatmap";
import type { KeyAction } from "./keyActions";
import { keyHint } from "./keymap";

export function HeatMapControls(props: {
  readonly layer: HeatMapLayer | null;
  readonly view: HeatMapView;
  readonly dispatch: Dispatch<HeatMapAction>;
  readonly actions: readonly KeyAction[];
}) {
  const { t } = useTranslation("viewer");
  const { layer, view, dispatch } = props;
  const name = `${t("keys.viewer.heatMap")} (${keyHint(props.actions, "viewer.heatMap")})`;
  return (
    <fieldset className="viewer-heat-controls" aria-label={t("heat.label")}>
      <Tooltip label={layer === null ? t("heat.none") : name}>
        <ActionIcon
          variant={view.isVisible ? "light" : "subtle"}
          color={view.isVisible ? "violet" : "gray"}
          size={28}
          aria-label={name}
          aria-pressed={view.isVisible}
          disabled={layer === null}
          onClick={() => dispatch({ type: "toggled" })}
        >
          <Flame size={16} aria-hidden />
        </ActionIcon>
      </Tooltip>
      {view.isVisible && layer !== null && (
        <>
          <SegmentedControl
            size="xs"
            aria-label={t("heat.mode.label")}
            value={view.mode}
            data={HEAT_MAP_MODES.map((mode) => ({ value: mode, label: t(`heat.mode.${mode}`) }))}
            onChange={(mode) => dispatch({ type: "mode_chosen", mode: mode as HeatMapMode })}
          />
          <Slider
            className="viewer-heat-opacity"
            size="xs"
            min={10}
            max={100}
            step={5}
            label={(percent) => `${percent} %`}
            thumbLabel={t("heat.opacity")}
            value={Math.round(view.opacity * 100)}
            onChange={(percent) => dispatch({ type: "opacity_set", opacity: percent / 100 })}
          />
          <Tooltip label={t("heat.smooth")}>
            <ActionIcon
              variant={view.isSmooth ? "light" : "subtle"}
              color={view.isSmooth ? "violet" : "gray"}
              size={28}
              aria-label={t("heat.smooth")}
              aria-pressed={view.isSmooth}
              onClick={() => dispatch({ type: "smoothing_toggled" })}
            >
              <Waves size={16} aria-hidden />
            </ActionIcon>
          </Tooltip>
        </>
      )}
    </fieldset>
  );
}

export function HeatMapLegend(props: {
  readonly layer: HeatMapLayer;
  /** Evidence in the cell under the cursor; null: outside the map; undefined: no cursor on the image. */
  readonly valueUnderCursor: number | null | undefined;
}) {
  const { t } = useTranslation("viewer");
  const legend = legendOf(props.layer);
  return (
    <div className="viewer-legend" data-testid="heatmap-legend">
      <div className="viewer-legend-title">
        {t("heat.legend_for", { finding: props.layer.label })}
      </div>
      <div className="viewer-legend-body">
        <div className="viewer-legend-bar" style={{ backgroundImage: legend.gradient }}>
          {legend.thresholdShare !== null && (
            <span
              className="viewer-legend-threshold"
              style={{ bottom: `${legend.thresholdShare * 100}%` }}
            />
          )}
        </div>
        <div className="viewer-legend-numbers">
          <span>≥ {formatEvidence(legend.maximum)}</span>
          <span>{formatEvidence(legend.maximum / 2)}</span>
          <span>0</span>
        </div>
      </div>
      <div>{t("heat.threshold", { value: formatEvidence(legend.threshold) })}</div>
      <div data-testid="heatmap-value">{cursorText(props.valueUnderCursor, t)}</div>
    </div>
  );
}

function cursorText(
  value: number | null | undefined,
  t: ReturnType<typeof useTranslation<"viewer">>["t"],
): string {
  if (value === undefined) {
    return t("heat.no_cursor");
  }
  return value === null ? t("heat.outside") : t("heat.cursor", { value: formatEvidence(value) });
}

/** Two significant decimals and a true minus sign. */
function formatEvidence(value: number): string {
  return value.toFixed(2).replace("-", "−");
}
