/** Lines over a common axis, told apart by dash as well as by colour, with their numbers as a table. */
import { useElementSize } from "@mantine/hooks";
import styles from "./LineChart.module.css";
import { decimalsOf, pathOf, rangeOf, type Series, scaleOf, ticksOf } from "./lineChart";

const HEIGHT = 200;
const MARGIN = { top: 12, right: 20, bottom: 24, left: 44 };
const TICKS = 5;
/** Told apart by dash before colour: a print, or an eye without colours, loses nothing. */
const DASHES = ["none", "6 4", "2 3", "8 3 2 3", "1 5", "12 4"] as const;
const COLOURS = 3;

/** No two of the first eighteen lines look the same. */
function look(place: number) {
  return {
    className: styles.line ?? "",
    "data-colour": (place + Math.floor(place / DASHES.length)) % COLOURS,
    strokeDasharray: DASHES[place % DASHES.length],
  };
}

interface LineChartProps {
  title: string;
  xLabel: string;
  numbersLabel: string;
  series: readonly Series[];
  /** Fixed where the quantity has natural bounds. */
  yRange?: { low: number; high: number };
  digits?: number;
}

export function LineChart(props: LineChartProps) {
  const { title, xLabel, numbersLabel, series, digits = 3 } = props;
  const { ref, width } = useElementSize<HTMLDivElement>();
  const points = series.flatMap((line) => line.points);
  const xRange = rangeOf(points.map(([x]) => x));
  const yRange = props.yRange ?? rangeOf(points.map(([, y]) => y));
  const x = scaleOf(xRange, MARGIN.left, Math.max(MARGIN.left + 1, width - MARGIN.right));
  const y = scaleOf(yRange, HEIGHT - MARGIN.bottom, MARGIN.top);
  const xTicks = ticksOf(xRange, 6).filter(Number.isInteger);
  const yTicks = ticksOf(yRange, TICKS);
  const decimals = decimalsOf(yTicks);
  return (
    <figure className={styles.chart}>
      <figcaption className={styles.caption}>{title}</figcaption>
      <div ref={ref} className={styles.frame}>
        <svg width={width} height={HEIGHT} role="img" aria-label={title}>
          {yTicks.map((tick) => (
            <g key={tick}>
              <line
                className={styles.grid ?? ""}
                x1={MARGIN.left}
                x2={width - MARGIN.right}
                y1={y(tick)}
                y2={y(tick)}
              />
              <text className={styles.tick ?? ""} x={MARGIN.left - 8} y={y(tick) + 4}>
                {tick.toFixed(decimals)}
              </text>
            </g>
          ))}
          {xTicks.map((tick) => (
            <text key={tick} className={styles.tick ?? ""} data-axis="x" x={x(tick)} y={HEIGHT - 8}>
              {tick}
            </text>
          ))}
          {series.map((line, place) => (
            <path key={line.name} {...look(place)} d={pathOf(line.points, x, y)} />
          ))}
        </svg>
      </div>
      <ul className={styles.legend}>
        {series.map((line, place) => (
          <li key={line.name}>
            <svg width={24} height={8} aria-hidden>
              <line {...look(place)} x1={0} x2={24} y1={4} y2={4} />
            </svg>
            {line.name}
            <strong>{lastOf(line)?.toFixed(digits) ?? "–"}</strong>
          </li>
        ))}
      </ul>
      <details className={styles.numbers}>
        <summary>{numbersLabel}</summary>
        <div className={styles.scroll}>
          <table>
            <caption className="visually-hidden">{title}</caption>
            <thead>
              <tr>
                <th scope="col">{xLabel}</th>
                {series.map((line) => (
                  <th key={line.name} scope="col">
                    {line.name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rowsOf(series).map(({ x: at, values }) => (
                <tr key={at}>
                  <th scope="row">{at}</th>
                  {values.map(({ name, value }) => (
                    <td key={name}>{value?.toFixed(digits) ?? "–"}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}

function lastOf(line: Series): number | null {
  return line.points.findLast(([, value]) => value !== null)?.[1] ?? null;
}

function rowsOf(series: readonly Series[]) {
  const all = [...new Set(series.flatMap((line) => line.points.map(([x]) => x)))];
  const values = series.map((line) => ({ name: line.name, at: new Map(line.points) }));
  return all
    .sort((a, b) => a - b)
    .map((x) => ({
      x,
      values: values.map(({ name, at }) => ({ name, value: at.get(x) ?? null })),
    }));
}
