/** The worklist's rows; one row has the focus, which arrows move and Enter opens. */
import { Skeleton } from "@mantine/core";
import { ArrowDown, ArrowUp, CircleCheck, CircleDot, SquarePen, TriangleAlert } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { CaseStatus, Finding, Priority, WorklistRow } from "../api/types";
import { useFacts } from "../cases/facts";
import { PatientName } from "../cases/PatientName";
import { useNameOf } from "../cases/words";
import { AiCell } from "./AiCell";
import styles from "./CaseTable.module.css";
import type { SortColumn } from "./filter";

interface CaseTableProps {
  rows: WorklistRow[] | undefined;
  findings: Finding[];
  hasAi: boolean;
  ordering: string;
  focused: number;
  onFocusRow: (index: number) => void;
  onOpen: (caseId: string) => void;
  onSort: (column: SortColumn) => void;
}

const COLUMNS_WITHOUT_AI = [
  "patientColumn",
  "studyColumn",
  "modalityColumn",
  "statusColumn",
  "ageColumn",
];
const COLUMNS = [
  "priorityColumn",
  "patientColumn",
  "studyColumn",
  "modalityColumn",
  "aiColumn",
  "whyColumn",
  "statusColumn",
  "ageColumn",
];
const SKELETON_ROWS = Array.from({ length: 16 }, (_, index) => `row-${index}`);

export function CaseTable(props: CaseTableProps) {
  const { t } = useTranslation();
  const { rows, hasAi, focused } = props;
  const columnCount = (hasAi ? COLUMNS : COLUMNS_WITHOUT_AI).length;
  return (
    <table className={styles.table}>
      <caption className="visually-hidden">{t("worklist.title")}</caption>
      <colgroup>
        {(hasAi ? COLUMNS : COLUMNS_WITHOUT_AI).map((name) => (
          <col key={name} className={styles[name]} />
        ))}
      </colgroup>
      <thead>
        <tr>
          {hasAi && <SortHeader {...props} column="priority" label={t("worklist.priority")} />}
          <SortHeader {...props} column="patient" label={t("worklist.patient")} />
          <SortHeader {...props} column="study_date" label={t("worklist.study")} />
          <th scope="col">{t("worklist.modality_short")}</th>
          {hasAi && <th scope="col">{t("worklist.ai")}</th>}
          {hasAi && <th scope="col">{t("worklist.why")}</th>}
          <SortHeader {...props} column="status" label={t("worklist.status")} />
          <SortHeader {...props} column="received" label={t("worklist.age")} />
        </tr>
      </thead>
      <tbody>
        {rows
          ? rows.map((row, index) => (
              <CaseRow
                key={row.case_id}
                {...props}
                row={row}
                index={index}
                isFocused={index === focused}
              />
            ))
          : SKELETON_ROWS.map((key) => (
              <tr key={key}>
                <td colSpan={columnCount}>
                  <Skeleton height={12} />
                </td>
              </tr>
            ))}
      </tbody>
    </table>
  );
}

interface SortHeaderProps {
  column: SortColumn;
  label: string;
  ordering: string;
  onSort: (column: SortColumn) => void;
}

function SortHeader({ column, label, ordering, onSort }: SortHeaderProps) {
  const isDescending = ordering === `-${column}`;
  const isSorted = isDescending || ordering === column;
  const Arrow = isDescending ? ArrowDown : ArrowUp;
  const direction = isDescending ? "descending" : "ascending";
  return (
    <th scope="col" data-column={column} aria-sort={isSorted ? direction : "none"}>
      <button type="button" className={styles.sort} onClick={() => onSort(column)}>
        {label}
        {isSorted && <Arrow size={12} aria-hidden />}
      </button>
    </th>
  );
}

interface CaseRowProps extends CaseTableProps {
  row: WorklistRow;
  index: number;
  isFocused: boolean;
}

function CaseRow({ row, index, isFocused, hasAi, findings, onFocusRow, onOpen }: CaseRowProps) {
  const { t } = useTranslation();
  const facts = useFacts();
  const element = useRef<HTMLTableRowElement>(null);

  useEffect(() => {
    if (isFocused) element.current?.scrollIntoView({ block: "nearest" });
  }, [isFocused]);

  const { patient, study } = row;
  const details = [patient.patient_id, facts.sex(patient.sex), facts.age(patient.age)];
  return (
    // The row is a large target for the pointer; keyboard and screen readers use the button in it.
    <tr
      ref={element}
      className={styles.row}
      data-focused={isFocused}
      data-status={row.status}
      onClick={() => onOpen(row.case_id)}
      onMouseMove={(event) => {
        // Rows that scroll under a resting pointer must not take the focus from the arrow keys.
        if (event.movementX !== 0 || event.movementY !== 0) onFocusRow(index);
      }}
    >
      {hasAi && <td>{row.priority && <PriorityMark priority={row.priority} />}</td>}
      <td>
        <div className={styles.patient}>
          <button
            type="button"
            className={styles.open}
            onFocus={() => onFocusRow(index)}
            onClick={(event) => {
              event.stopPropagation();
              onOpen(row.case_id);
            }}
          >
            <PatientName name={patient.name} flag={patient.name_flag} />
          </button>
          <bdi className={styles.secondary}>{details.filter(Boolean).join(" · ")}</bdi>
        </div>
      </td>
      <td>
        <bdi>{study.description || study.body_part || "–"}</bdi>
        <span className={styles.secondary}>{study.study_date ?? ""}</span>
      </td>
      <td>{study.modalities.join(" ")}</td>
      {hasAi && (
        <td>
          {row.ai && <AiCell ai={row.ai} findings={findings} reason={row.priority?.finding} />}
        </td>
      )}
      {hasAi && <td>{row.priority && <WhyHere priority={row.priority} findings={findings} />}</td>}
      <td>
        <StatusMark row={row} />
      </td>
      <td title={t("worklist.received_at", { at: new Date(row.received_at).toLocaleString() })}>
        {facts.waiting(row.received_at)}
      </td>
    </tr>
  );
}

function PriorityMark({ priority }: { priority: Priority }) {
  const { t } = useTranslation();
  return (
    <span className={styles.priority} data-level={priority.level}>
      {t(`priority.${priority.level}`)}
    </span>
  );
}

function WhyHere({ priority, findings }: { priority: Priority; findings: Finding[] }) {
  const { t } = useTranslation();
  const nameOf = useNameOf();
  const finding = findings.find((one) => one.code === priority.finding);
  const reason = t(`why.${priority.reason}` as "why.arrival");
  return <span>{finding ? `${reason}: ${nameOf(finding)}` : reason}</span>;
}

const STATUS_ICONS: Record<CaseStatus, ReactNode> = {
  unread: <CircleDot size={14} aria-hidden />,
  draft: <SquarePen size={14} aria-hidden />,
  signed: <CircleCheck size={14} aria-hidden />,
};

/** How far the case is, who has it open now, and what somebody still has to do about it. */
function StatusMark({ row }: { row: WorklistRow }) {
  const { t } = useTranslation();
  const { status, reader, claimed_by: claimedBy } = row;
  return (
    <div className={styles.statuses}>
      <span className={styles.status} data-status={status} title={reader}>
        {STATUS_ICONS[status]}
        {t(`status.${status}`)}
      </span>
      {claimedBy && (
        <span className={styles.secondary} title={t("worklist.claimed_by", { reader: claimedBy })}>
          <bdi>{t("worklist.claimed_by", { reader: claimedBy })}</bdi>
        </span>
      )}
      {row.is_critical_open && (
        <span className={styles.critical}>
          <TriangleAlert size={12} aria-hidden />
          {t("worklist.critical_open")}
        </span>
      )}
      {row.needs_second_signature && (
        <span className={styles.secondary}>{t("worklist.second_needed")}</span>
      )}
    </div>
  );
}
