/** A table of loaded rows: sortable headers, CSV, reserved space while loading. */
import { Button, Skeleton } from "@mantine/core";
import { ArrowDown, ArrowUp, Download } from "lucide-react";
import { Fragment, type ReactNode, useState } from "react";
import { downloadCsv, toCsv } from "./csv";
import styles from "./DataTable.module.css";
import { nextSort, type Sort, type SortValue, sortRows } from "./sort";

export interface Column<Row> {
  key: string;
  header: string;
  value: (row: Row) => SortValue;
  render?: (row: Row) => ReactNode;
  width?: string;
  isNumeric?: boolean;
}

interface DataTableProps<Row> {
  caption: string;
  columns: Column<Row>[];
  rows: Row[] | undefined;
  rowKey: (row: Row) => string;
  firstSort: Sort;
  csv: { label: string; fileName: string };
  empty: ReactNode;
  toolbar?: ReactNode;
  /** What a row shows below itself, over the whole width; null for nothing. */
  expanded?: (row: Row) => ReactNode;
}

const SKELETON_ROWS = ["1", "2", "3", "4", "5", "6"];

export function DataTable<Row>(props: DataTableProps<Row>) {
  const { caption, columns, rows, rowKey, csv, empty, toolbar, expanded } = props;
  const [sort, setSort] = useState(props.firstSort);
  const sortColumn = columns.find((column) => column.key === sort.key);
  const sorted = rows && sortColumn ? sortRows(rows, sortColumn.value, sort.isDescending) : rows;
  const exportCsv = () =>
    downloadCsv(
      csv.fileName,
      toCsv([
        columns.map((column) => column.header),
        ...(sorted ?? []).map((row) => columns.map((column) => column.value(row))),
      ]),
    );
  return (
    <div className={styles.frame}>
      <div className={styles.toolbar}>
        {toolbar}
        <Button
          className={styles.csv ?? ""}
          variant="default"
          leftSection={<Download size={14} aria-hidden />}
          disabled={!sorted || sorted.length === 0}
          onClick={exportCsv}
        >
          {csv.label}
        </Button>
      </div>
      <div className={styles.scroll}>
        <table className={styles.table}>
          <caption className="visually-hidden">{caption}</caption>
          <thead>
            <tr>
              {columns.map((column) => (
                <SortHeader
                  key={column.key}
                  column={column}
                  sort={sort}
                  onSort={() => setSort(nextSort(sort, column.key))}
                />
              ))}
            </tr>
          </thead>
          <tbody>
            {sorted
              ? sorted.map((row) => (
                  <Fragment key={rowKey(row)}>
                    <tr>
                      {columns.map((column) => (
                        <td key={column.key} data-numeric={column.isNumeric}>
                          {column.render ? column.render(row) : column.value(row)}
                        </td>
                      ))}
                    </tr>
                    <Expansion width={columns.length}>{expanded?.(row)}</Expansion>
                  </Fragment>
                ))
              : SKELETON_ROWS.map((key) => (
                  <tr key={key}>
                    <td colSpan={columns.length}>
                      <Skeleton height={12} />
                    </td>
                  </tr>
                ))}
          </tbody>
        </table>
        {sorted?.length === 0 && empty}
      </div>
    </div>
  );
}

function Expansion({ width, children }: { width: number; children: ReactNode }) {
  if (!children) return null;
  return (
    <tr className={styles.expansion ?? ""}>
      <td colSpan={width}>{children}</td>
    </tr>
  );
}

interface SortHeaderProps<Row> {
  column: Column<Row>;
  sort: Sort;
  onSort: () => void;
}

function SortHeader<Row>({ column, sort, onSort }: SortHeaderProps<Row>) {
  const isSorted = sort.key === column.key;
  const direction = sort.isDescending ? "descending" : "ascending";
  const Arrow = sort.isDescending ? ArrowDown : ArrowUp;
  return (
    <th
      scope="col"
      style={{ width: column.width }}
      data-numeric={column.isNumeric}
      aria-sort={isSorted ? direction : "none"}
    >
      <button type="button" className={styles.sort} onClick={onSort}>
        {column.header}
        {isSorted && <Arrow size={12} aria-hidden />}
      </button>
    </th>
  );
}
