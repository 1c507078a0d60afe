/** A person's own reads of a round, newest first: to go on with, to take back, to compare once released. */
import { Button, Skeleton } from "@mantine/core";
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { ArrowLeft } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useParams } from "react-router";
import { type OwnRead, takeBackRead } from "../api/labeling";
import { LABEL_PATH, readPath, readResultPath } from "../cases/paths";
import { errorSentence } from "../cases/words";
import { DateTime } from "../ui/DateTime";
import { minutesAndSeconds } from "../ui/format";
import { StateView } from "../ui/StateView";
import { toastFailed } from "../ui/toast";
import styles from "./OwnReadsPage.module.css";
import { labelRoundsQuery, ownReadsQuery, readQuery } from "./queries";
import { isLive } from "./steps";
import { useCountdown } from "./TakeBackBar";

const PAGE = 50;

export function OwnReadsPage() {
  const { t } = useTranslation(["labeling", "app"]);
  const { roundId = "" } = useParams();
  const [offset, setOffset] = useState(0);
  const rounds = useQuery(labelRoundsQuery);
  const reads = useQuery({
    ...ownReadsQuery(roundId, offset, PAGE),
    placeholderData: keepPreviousData,
    refetchOnMount: "always",
  });
  const round = rounds.data?.find((one) => one.round_id === roundId);
  if (reads.isError && !reads.data) {
    return (
      <StateView
        kind="error"
        title={t("reads.error")}
        detail={errorSentence(reads.error)}
        action={<Button onClick={() => void reads.refetch()}>{t("app:common.retry")}</Button>}
      />
    );
  }
  const { count = 0, rows } = reads.data ?? {};
  return (
    <div className={styles.page}>
      <div className={styles.head}>
        <Button
          variant="subtle"
          color="gray"
          component={Link}
          to={LABEL_PATH}
          leftSection={<ArrowLeft size={16} aria-hidden />}
        >
          {t("rounds.title")}
        </Button>
        <h1 className={styles.title}>{t("reads.of", { round: round?.name ?? "" })}</h1>
        {count > PAGE && (
          <div className={styles.pages}>
            <span>
              {t("reads.range", { from: offset + 1, to: Math.min(offset + PAGE, count), count })}
            </span>
            <Button
              variant="default"
              size="compact-sm"
              disabled={offset === 0}
              onClick={() => setOffset(Math.max(0, offset - PAGE))}
            >
              {t("reads.newer")}
            </Button>
            <Button
              variant="default"
              size="compact-sm"
              disabled={offset + PAGE >= count}
              onClick={() => setOffset(offset + PAGE)}
            >
              {t("reads.older")}
            </Button>
          </div>
        )}
      </div>
      {rows === undefined && <Skeleton height={240} />}
      {rows?.length === 0 && (
        <StateView kind="empty" title={t("reads.none")} detail={t("reads.none_detail")} />
      )}
      {rows !== undefined && rows.length > 0 && (
        <div className={styles.scroll}>
          <table className={styles.table}>
            <caption className="visually-hidden">{t("reads.title")}</caption>
            <thead>
              <tr>
                <th scope="col">{t("reads.case")}</th>
                <th scope="col">{t("reads.state")}</th>
                <th scope="col">{t("reads.locked_at")}</th>
                <th scope="col" data-numeric>
                  {t("reads.time")}
                </th>
                <th scope="col">
                  <span className="visually-hidden">{t("reads.acts")}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <Row key={row.read_id} roundId={roundId} row={row} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

function Row({ roundId, row }: { roundId: string; row: OwnRead }) {
  const { t } = useTranslation("labeling");
  const time = minutesAndSeconds(row.active_s);
  return (
    <tr>
      <th scope="row">{row.pseudonym}</th>
      <td>{t(`state.${row.state}`)}</td>
      <td>{row.locked_at ? <DateTime iso={row.locked_at} /> : "–"}</td>
      <td data-numeric>
        {t(time.minutes === 0 ? "reads.duration_short" : "reads.duration", time)}
      </td>
      <td>
        <span className={styles.acts}>
          {isLive(row) && (
            <Button
              size="compact-sm"
              variant="default"
              component={Link}
              to={readPath(roundId, row.read_id)}
            >
              {t("rounds.go_on")}
            </Button>
          )}
          {["locked", "final"].includes(row.state) && (
            <Button
              size="compact-sm"
              variant="subtle"
              color="gray"
              component={Link}
              to={readPath(roundId, row.read_id)}
            >
              {t("reads.look")}
            </Button>
          )}
          {row.state === "locked" && row.take_back_until && (
            <TakeBack roundId={roundId} row={row} until={row.take_back_until} />
          )}
          {row.has_result && (
            <Button
              size="compact-sm"
              variant="default"
              component={Link}
              to={readResultPath(roundId, row.read_id)}
            >
              {t("reads.result")}
            </Button>
          )}
        </span>
      </td>
    </tr>
  );
}

interface TakeBackProps {
  roundId: string;
  row: OwnRead;
  until: string;
}

function TakeBack({ roundId, row, until }: TakeBackProps) {
  const { t } = useTranslation("labeling");
  const navigate = useNavigate();
  const client = useQueryClient();
  const [isBusy, setIsBusy] = useState(false);
  const left = useCountdown(until);
  if (left === null) return null;
  const takeBack = async () => {
    setIsBusy(true);
    try {
      await takeBackRead(row.read_id);
      client.removeQueries(readQuery(row.read_id));
      void navigate(readPath(roundId, row.read_id));
    } catch (error) {
      toastFailed({ message: t("take_back.failed"), detail: errorSentence(error) });
      setIsBusy(false);
    }
  };
  return (
    <Button
      className={styles.left ?? ""}
      size="compact-sm"
      variant="default"
      loading={isBusy}
      onClick={() => void takeBack()}
    >
      {t("take_back.in", { left })}
    </Button>
  );
}
