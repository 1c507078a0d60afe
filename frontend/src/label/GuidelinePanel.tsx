/** The round's guideline beside the image: what is new, the text, the pictures. */
import { ActionIcon, Button, Skeleton, Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Guideline } from "../api/labeling";
import { currentKeyActions } from "../cases/useKeys";
import { errorSentence } from "../cases/words";
import { useSession } from "../session/context";
import { formatDateTime } from "../ui/format";
import { StateView } from "../ui/StateView";
import { keyHint } from "../viewer/keymap";
import styles from "./GuidelinePanel.module.css";
import { markGuidelineSeen, seenGuideline } from "./guidelineSeen";
import { guidelineQuery } from "./queries";

interface GuidelinePanelProps {
  roundId: string;
  onClose: () => void;
}

export function GuidelinePanel({ roundId, onClose }: GuidelinePanelProps) {
  const { t } = useTranslation(["labeling", "app"]);
  const guideline = useQuery(guidelineQuery(roundId));
  const { user } = useSession();
  const panel = useRef<HTMLElement>(null);
  const seenBefore = useRef(seenGuideline(user.id, roundId));
  const version = guideline.data?.version;
  useEffect(() => panel.current?.focus(), []);
  useEffect(() => {
    if (version !== undefined) markGuidelineSeen(user.id, roundId, version);
  }, [user.id, roundId, version]);
  return (
    <aside ref={panel} className={styles.panel} tabIndex={-1} aria-label={t("guideline.title")}>
      <div className={styles.head}>
        <h2 className={styles.title}>
          {version === undefined ? t("guideline.title") : t("guideline.title_version", { version })}
        </h2>
        <Tooltip
          label={`${t("app:common.close")} (${keyHint(currentKeyActions("label"), "label.guideline")})`}
        >
          <ActionIcon
            variant="subtle"
            color="gray"
            size={28}
            aria-label={t("app:common.close")}
            onClick={onClose}
          >
            <X size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </div>
      {guideline.data ? (
        <GuidelineText guideline={guideline.data} seenBefore={seenBefore.current} />
      ) : guideline.isError ? (
        <StateView
          kind="error"
          title={t("guideline.error")}
          detail={errorSentence(guideline.error)}
          action={<Button onClick={() => void guideline.refetch()}>{t("app:common.retry")}</Button>}
        />
      ) : (
        <Skeleton height={160} />
      )}
    </aside>
  );
}

function GuidelineText({ guideline, seenBefore }: { guideline: Guideline; seenBefore: number }) {
  const { t } = useTranslation("labeling");
  const said = guideline.changes.filter(({ change }) => change !== "");
  const isNew = (version: number) => seenBefore > 0 && version > seenBefore;
  return (
    <>
      {said.length > 0 && (
        <section className={styles.changes}>
          <h3 className={styles.subtitle}>{t("guideline.new")}</h3>
          <ul>
            {said.slice(0, 5).map(({ version, change, created_at }) => (
              <li key={version} data-new={isNew(version)}>
                <span className={styles.version}>
                  {t("guideline.version", { version })} · {formatDateTime(created_at)}
                </span>
                <span>{change}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
      {guideline.text === "" && guideline.pictures.length === 0 && (
        <p className={styles.text}>{t("guideline.empty")}</p>
      )}
      <p className={styles.text}>{guideline.text}</p>
      {guideline.pictures.map(({ sha256, url, caption }) => (
        <figure key={sha256} className={styles.picture}>
          <img src={url} alt={caption || t("guideline.picture")} loading="lazy" />
          {caption && <figcaption>{caption}</figcaption>}
        </figure>
      ))}
    </>
  );
}
