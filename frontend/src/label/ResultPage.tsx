/** After the release: one's own read beside what the case ended with, on the same images. */
import { Button, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { ArrowLeft } from "lucide-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import type { LabelRead, ReadResult } from "../api/labeling";
import { ownReadsPath } from "../cases/paths";
import { currentKeyActions, useKeys } from "../cases/useKeys";
import { errorSentence, useNameOf } from "../cases/words";
import { roiOf } from "../reading/storedRoi";
import { StateView } from "../ui/StateView";
import { KEY_ACTIONS } from "../viewer/keyActions";
import type { RoiItem } from "../viewer/roiScene";
import { Thumbnails } from "../viewer/Thumbnails";
import { Viewport, type ViewportHandle } from "../viewer/Viewport";
import { consensusItems } from "./expectedItems";
import feedbackStyles from "./FeedbackPanel.module.css";
import { readQuery, readResultQuery } from "./queries";
import styles from "./ReadPage.module.css";
import stripStyles from "./ReadStrip.module.css";
import { useReadStack } from "./useReadStack";

const VIEWER_ACTIONS = KEY_ACTIONS.filter(({ context }) => context === "viewer");
const nothing = () => undefined;

export function ResultPage() {
  const { t } = useTranslation(["labeling", "app"]);
  const { roundId = "", readId = "" } = useParams();
  const read = useQuery(readQuery(readId));
  const result = useQuery(readResultQuery(readId));
  const viewport = useRef<ViewportHandle>(null);
  const [chosen, setChosen] = useState<string>();
  const { stack, choices, choice, isPending } = useReadStack(read.data, chosen);
  useKeys({
    contexts: ["viewer"],
    screen: "label",
    subject: readId,
    handlers: Object.fromEntries(
      VIEWER_ACTIONS.map(({ id }) => [id, () => void viewport.current?.run(id)]),
    ),
  });
  const back = (
    <Button
      variant="subtle"
      color="gray"
      size="compact-sm"
      component={Link}
      to={ownReadsPath(roundId)}
      leftSection={<ArrowLeft size={16} aria-hidden />}
    >
      {t("reads.title")}
    </Button>
  );
  const failed = read.error ?? result.error;
  if (failed) {
    return (
      <StateView
        kind="error"
        title={t("result.error")}
        detail={errorSentence(failed)}
        action={back}
      />
    );
  }
  const items: RoiItem[] = result.data
    ? [
        ...consensusItems(result.data.consensus, t("result.consensus")),
        ...result.data.mine.rois.map(
          (roi): RoiItem => ({
            roi: roiOf(roi),
            label: t("result.mine"),
            tone: "readonly",
            isSelected: false,
            isReadOnly: true,
          }),
        ),
      ]
    : [];
  return (
    <div className={styles.page}>
      <section className={stripStyles.strip} aria-label={t("read.case")}>
        {back}
        <h1 className={stripStyles.name}>{read.data?.pseudonym}</h1>
        <span className={stripStyles.facts}>{t("result.title")}</span>
      </section>
      <div className={styles.body}>
        <div className={styles.thumbnails}>
          <Thumbnails
            items={choices.map((one) => ({
              key: one.key,
              url: one.thumbnailUrl,
              label: one.label,
              count: one.imageCount,
            }))}
            current={choice?.key ?? null}
            onSelect={setChosen}
          />
        </div>
        <div className={styles.images}>
          <Viewport
            ref={viewport}
            stack={stack}
            isPending={isPending}
            text={{
              topLeft: read.data ? [read.data.pseudonym] : [],
              topRight: [],
              bottomLeft: [],
            }}
            actions={currentKeyActions("label")}
            rois={{ items, onChange: nothing, onSelect: nothing }}
          />
        </div>
        <section className={styles.panel} aria-label={t("result.title")}>
          {read.data && result.data ? (
            <Beside read={read.data} result={result.data} />
          ) : (
            <Skeleton className={styles.skeleton ?? ""} height={240} />
          )}
        </section>
      </div>
    </div>
  );
}

function Beside({ read, result }: { read: LabelRead; result: ReadResult }) {
  const { t } = useTranslation("labeling");
  const nameOf = useNameOf();
  const { mine, consensus } = result;
  return (
    <div className={feedbackStyles.panel}>
      {mine.unreadable && <p className={feedbackStyles.text}>{t("result.unreadable")}</p>}
      <table className={feedbackStyles.table}>
        <thead>
          <tr>
            <th scope="col">{t("feedback.finding")}</th>
            <th scope="col">{t("result.mine")}</th>
            <th scope="col">{t("result.consensus")}</th>
          </tr>
        </thead>
        <tbody>
          {read.findings.map((finding) => {
            const own = mine.answers.find((one) => one.finding === finding.code);
            const agreed = consensus.find((one) => one.finding === finding.code);
            const isSame = own?.value === agreed?.value && own?.grade === agreed?.grade;
            return (
              <tr key={finding.code} data-correct={isSame}>
                <th scope="row">{nameOf(finding)}</th>
                <td>{own ? said(t(`value.${own.value}`), own.grade) : t("value.none")}</td>
                <td>{agreed ? said(t(`value.${agreed.value}`), agreed.grade) : "–"}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function said(value: string, grade: string): string {
  return [value, grade].filter(Boolean).join(" · ");
}
