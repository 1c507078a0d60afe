/**
 * The selected region in numbers: everything a drag can do, without dragging (WCAG 2.5.7), with millimetres
 * where the image has them. Props in, events out.
 */
import { ActionIcon, SegmentedControl, Tooltip } from "@mantine/core";
import { Trash2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import { measureLength, type PixelSpacing } from "./coords";
import { NumberField } from "./NumberField";
import type { Ring } from "./polygon";
import { millimetres } from "./RoiOutline";
import {
  extentOf,
  type ImageSize,
  LATERALITIES,
  type Laterality,
  type Roi,
  type RoiExtent,
  resizeVertices,
  settleVertices,
} from "./roi";
import { checkMinimum, longestDiameter, measureArea } from "./roiMeasure";
import "./roi.css";

export interface RoiFieldsProps {
  readonly roi: Roi;
  /** The finding's name, translated. */
  readonly label: string;
  readonly image: ImageSize & { readonly spacing: PixelSpacing };
  /** Least longest diameter that the schema asks for; null asks for none. */
  readonly minimumMm: number | null;
  readonly isReadOnly: boolean;
  readonly onChange: (vertices: Ring) => void;
  readonly onLaterality: (laterality: Laterality) => void;
  readonly onDelete: () => void;
}

const FIELDS = [
  ["centreColumn", "centre_column"],
  ["centreRow", "centre_row"],
  ["width", "width"],
  ["height", "height"],
] as const;

export function RoiFields(props: RoiFieldsProps) {
  const { roi, image, isReadOnly } = props;
  const { t } = useTranslation("viewer");
  const extent = extentOf(roi.vertices);
  const change = (name: keyof RoiExtent, value: number) => {
    const vertices = resizeVertices(roi, { ...extent, [name]: value }, image);
    props.onChange(settleVertices({ kind: roi.kind, vertices }) ?? roi.vertices);
  };
  return (
    <fieldset className="roi-fields" data-testid="roi-fields" data-roi-id={roi.roiId}>
      <legend className="visually-hidden">
        {t("roi.fields.finding", { finding: props.label })}
      </legend>
      <div className="roi-fields-head">
        <span className="roi-fields-title">{t(`roi.fields.kind.${roi.kind}`)}</span>
        <Tooltip label={t("roi.fields.delete")}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={28}
            aria-label={t("roi.fields.delete")}
            disabled={isReadOnly}
            onClick={props.onDelete}
          >
            <Trash2 size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </div>
      <SegmentedControl
        size="xs"
        fullWidth
        aria-label={t("roi.fields.side")}
        value={roi.laterality}
        onChange={(value) => props.onLaterality(value as Laterality)}
        readOnly={isReadOnly}
        data={LATERALITIES.map((side) => ({
          value: side,
          label: <SideLabel side={side} />,
        }))}
      />
      <div className="roi-fields-grid">
        {FIELDS.map(([name, label]) => (
          <NumberField
            key={name}
            label={t(`roi.fields.${label}`)}
            value={extent[name]}
            detail={millimetresOf(name, extent[name], image.spacing)}
            isReadOnly={isReadOnly}
            onCommit={(value) => change(name, value)}
          />
        ))}
      </div>
      <Measures {...props} />
    </fieldset>
  );
}

function SideLabel({ side }: { side: Laterality }) {
  const { t } = useTranslation("viewer");
  return side === "" ? (
    <>
      <span aria-hidden>{t("roi.fields.side_none")}</span>
      <span className="visually-hidden">{t("roi.fields.side_none_long")}</span>
    </>
  ) : (
    t(`roi.fields.side_${side}`)
  );
}

/** Only an extent is a length; a centre is a place. */
function millimetresOf(name: keyof RoiExtent, value: number, spacing: PixelSpacing): string | null {
  if (name !== "width" && name !== "height") {
    return null;
  }
  const length = measureLength([0, 0], name === "width" ? [value, 0] : [0, value], spacing);
  return length.state === "not_evaluable" ? null : millimetres(length.lengthMm);
}

function Measures({ roi, image, minimumMm }: RoiFieldsProps) {
  const { t } = useTranslation("viewer");
  const longest = longestDiameter(roi.vertices, image.spacing);
  const area = measureArea(roi.vertices, image.spacing);
  const check = checkMinimum(roi.vertices, image.spacing, minimumMm);
  return (
    <dl className="roi-measures">
      <dt>{t("roi.fields.longest")}</dt>
      <dd>
        {longest.state === "not_evaluable"
          ? t("roi.fields.no_spacing")
          : t(longest.state === "projected" ? "roi.fields.mm_projected" : "roi.fields.mm", {
              mm: millimetres(longest.lengthMm),
            })}
      </dd>
      <dt>{t("roi.fields.area")}</dt>
      <dd>
        {area.state === "not_evaluable"
          ? t("roi.fields.no_spacing")
          : t(`roi.fields.area_${area.state}`, { area: Math.round(area.areaMm2) })}
      </dd>
      {check !== "ok" && (
        <dd className="roi-measures-check" role="status">
          {t(
            check === "below_minimum"
              ? "roi.fields.below_minimum"
              : "roi.fields.minimum_not_evaluable",
            { mm: minimumMm },
          )}
        </dd>
      )}
    </dl>
  );
}
