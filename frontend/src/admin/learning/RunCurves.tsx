/** Loss and validation AUC of a run, epoch by epoch, while it goes on and afterwards. */
import { useTranslation } from "react-i18next";
import type { Project, RunDetail } from "../../api/types";
import { useNameOf } from "../../cases/words";
import { LineChart } from "../../ui/LineChart";
import type { Point } from "../../ui/lineChart";
import section from "../Section.module.css";
import styles from "./Learning.module.css";

export function RunCurves({ project, run }: { project: Project; run: RunDetail }) {
  const { t } = useTranslation("learning");
  const nameOf = useNameOf();
  const { curves } = run;
  const codes = [...new Set(curves.flatMap((point) => Object.keys(point.validation_auc)))];
  const auc = project.findings
    .filter((one) => codes.includes(one.code))
    .map((one) => ({
      name: nameOf(one),
      points: curves.map((point): Point => [point.epoch, point.validation_auc[one.code] ?? null]),
    }));
  const loss = [
    {
      name: t("curves.train_loss"),
      points: curves.map((point): Point => [point.epoch, point.train_loss]),
    },
    {
      name: t("curves.validation_loss"),
      points: curves.map((point): Point => [point.epoch, point.validation_loss]),
    },
  ];
  const isAucKnown = auc.some((line) => line.points.some(([, value]) => value !== null));
  return (
    <section className={styles.block} aria-label={t("curves.title")}>
      <h2 className={section.subtitle}>{t("curves.title")}</h2>
      {curves.length === 0 ? (
        <p className={styles.note}>{t("curves.none")}</p>
      ) : (
        <div className={styles.curves}>
          <LineChart
            title={t("curves.loss")}
            xLabel={t("curves.epoch")}
            numbersLabel={t("curves.numbers")}
            series={loss}
          />
          {isAucKnown ? (
            <LineChart
              title={t("curves.auc")}
              xLabel={t("curves.epoch")}
              numbersLabel={t("curves.numbers")}
              series={auc}
              digits={2}
            />
          ) : (
            <p className={styles.note}>{t("curves.no_auc")}</p>
          )}
        </div>
      )}
    </section>
  );
}
