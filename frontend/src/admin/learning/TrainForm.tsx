/** How a training is asked for: which part of the network learns, how long and how fast. */
import { Button, NumberInput, SegmentedControl } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Play } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { requestRun } from "../../api/learning";
import type { Project, Snapshot } from "../../api/types";
import { errorSentence, useNameOf } from "../../cases/words";
import { toastFailed } from "../../ui/toast";
import section from "../Section.module.css";
import styles from "./Learning.module.css";
import { runsKey } from "./queries";
import { DEFAULTS, type Mode, type Settings } from "./trainDefaults";

const MOST_EPOCHS = 5000;
const LARGEST_SEED = 2 ** 31 - 1;

interface TrainFormProps {
  project: Project;
  snapshot: Snapshot;
  onClose: () => void;
}

export function TrainForm({ project, snapshot, onClose }: TrainFormProps) {
  const { t } = useTranslation(["learning", "app"]);
  const navigate = useNavigate();
  const client = useQueryClient();
  const [mode, setMode] = useState<Mode>("head");
  const [settings, setSettings] = useState<Settings>(DEFAULTS.head);
  const [seed, setSeed] = useState(1);
  const request = useMutation({
    mutationFn: () =>
      requestRun(project.id, { snapshot_id: snapshot.id, config: { mode, ...settings }, seed }),
    onSuccess: async (run) => {
      await client.invalidateQueries({ queryKey: runsKey(project.id) });
      await navigate(`/projects/${project.id}/admin/runs/${run.id}`);
    },
    onError: (error) => toastFailed({ message: t("train.failed"), detail: errorSentence(error) }),
  });
  const choose = (chosen: Mode) => {
    setMode(chosen);
    setSettings(DEFAULTS[chosen]);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    request.mutate();
  };
  const number = (value: number | string): number => (typeof value === "number" ? value : 0);
  const isValid =
    Number.isInteger(settings.epochs) &&
    settings.epochs >= 1 &&
    settings.epochs <= MOST_EPOCHS &&
    settings.learning_rate > 0 &&
    settings.learning_rate <= 1;
  return (
    <form className={styles.train} onSubmit={submit} aria-label={t("train.title")}>
      <h3 className={section.subtitle}>{t("train.heading", { number: snapshot.number })}</h3>
      <Why project={project} snapshot={snapshot} />
      <div className={styles.trainFields}>
        <div>
          <div className={styles.fieldLabel}>{t("train.mode")}</div>
          <SegmentedControl
            aria-label={t("train.mode")}
            value={mode}
            data={[
              { value: "head", label: t("train.mode_head") },
              { value: "full", label: t("train.mode_full") },
            ]}
            onChange={choose}
          />
          <p className={section.secondary}>{t(`train.explain_${mode}`)}</p>
        </div>
        <NumberInput
          inputWrapperOrder={["label", "input", "description"]}
          label={t("train.epochs")}
          description={t("train.explain_epochs")}
          value={settings.epochs}
          min={1}
          max={MOST_EPOCHS}
          allowDecimal={false}
          onChange={(value) => setSettings({ ...settings, epochs: number(value) })}
        />
        <NumberInput
          inputWrapperOrder={["label", "input", "description"]}
          label={t("train.learning_rate")}
          description={t("train.explain_learning_rate")}
          value={settings.learning_rate}
          min={0.0000001}
          max={1}
          step={mode === "head" ? 0.005 : 0.00005}
          decimalScale={7}
          onChange={(value) => setSettings({ ...settings, learning_rate: number(value) })}
        />
        <NumberInput
          inputWrapperOrder={["label", "input", "description"]}
          label={t("train.seed")}
          description={t("train.explain_seed")}
          value={seed}
          min={0}
          max={LARGEST_SEED}
          allowDecimal={false}
          onChange={(value) => setSeed(number(value))}
        />
      </div>
      <div className={styles.buttons}>
        <Button
          type="submit"
          leftSection={<Play size={16} aria-hidden />}
          disabled={snapshot.blocker !== "" || !isValid}
          loading={request.isPending}
        >
          {t("train.start")}
        </Button>
        <Button variant="default" onClick={onClose}>
          {t("app:common.cancel")}
        </Button>
        {!isValid && <span className={section.secondary}>{t("train.invalid")}</span>}
      </div>
    </form>
  );
}

/** What keeps the champion from learning of this snapshot; nothing where nothing does. */
export function Why({ project, snapshot }: { project: Project; snapshot: Snapshot }) {
  const { t } = useTranslation("learning");
  const nameOf = useNameOf();
  if (snapshot.blocker === "") return null;
  const findings = project.findings
    .filter((one) => snapshot.blocker_findings.includes(one.code))
    .map(nameOf)
    .join(t("verdict.comma"));
  return <p className={styles.warning}>{t(`blocker.${snapshot.blocker}`, { findings })}</p>;
}
