/** A measured line in numbers: its length, and its ends for whoever cannot drag (WCAG 2.5.7). Props in, events out. */
import { ActionIcon, Tooltip } from "@mantine/core";
import { Trash2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import { measureLength, type PixelSpacing, type Point } from "./coords";
import { type Line, type LineEnd, type LineShape, moveLineEnd } from "./line";
import { NumberField } from "./NumberField";
import { millimetres } from "./RoiOutline";
import type { ImageSize } from "./roi";
import "./roi.css";

const FIELDS: readonly (readonly [
  LineEnd,
  0 | 1,
  "start_column" | "start_row" | "end_column" | "end_row",
])[] = [
  ["start", 0, "start_column"],
  ["start", 1, "start_row"],
  ["end", 0, "end_column"],
  ["end", 1, "end_row"],
];

export function LineFields(props: {
  readonly line: Line;
  /** The finding's name, translated. */
  readonly label: string;
  readonly image: ImageSize & { readonly spacing: PixelSpacing };
  /** Least length that the schema asks for; null asks for none. */
  readonly minimumMm: number | null;
  readonly isReadOnly: boolean;
  readonly onChange: (shape: LineShape) => void;
  readonly onDelete: () => void;
}) {
  const { line, image, minimumMm, isReadOnly } = props;
  const { t } = useTranslation("viewer");
  const length = measureLength(line.start, line.end, image.spacing);
  const isBelow =
    minimumMm !== null && length.state !== "not_evaluable" && length.lengthMm < minimumMm;
  const change = (which: LineEnd, axis: 0 | 1, value: number) => {
    const [column, row] = line[which];
    const to: Point = axis === 0 ? [value, row] : [column, value];
    props.onChange(moveLineEnd(line, which, to, image) ?? line);
  };
  return (
    <fieldset className="roi-fields" data-testid="line-fields" data-line-id={line.lineId}>
      <legend className="visually-hidden">{t("line.fields.of", { finding: props.label })}</legend>
      <div className="roi-fields-head">
        <span className="roi-fields-title">{t("tools.length")}</span>
        <Tooltip label={t("line.fields.delete")}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={28}
            aria-label={t("line.fields.delete")}
            disabled={isReadOnly}
            onClick={props.onDelete}
          >
            <Trash2 size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </div>
      <dl className="roi-measures">
        <dt>{t("tools.length")}</dt>
        <dd>
          {length.state === "not_evaluable"
            ? t("roi.fields.no_spacing")
            : t(length.state === "projected" ? "roi.fields.mm_projected" : "roi.fields.mm", {
                mm: millimetres(length.lengthMm),
              })}
        </dd>
        {isBelow && (
          <dd className="roi-measures-check" role="status">
            {t("roi.fields.below_minimum", { mm: minimumMm })}
          </dd>
        )}
      </dl>
      <div className="roi-fields-grid">
        {FIELDS.map(([which, axis, name]) => (
          <NumberField
            key={name}
            label={t(`line.fields.${name}`)}
            value={line[which][axis]}
            detail={null}
            isReadOnly={isReadOnly}
            onCommit={(value) => change(which, axis, value)}
          />
        ))}
      </div>
    </fieldset>
  );
}
