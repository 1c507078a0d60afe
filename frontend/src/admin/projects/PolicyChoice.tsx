/** When AI output may be seen, and whether a second signature is needed: each with what it means. */
import { Checkbox, Radio } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { AiDisplay } from "../../api/types";
import { CHOICE } from "../choice";
import form from "../Form.module.css";

const DISPLAYS: readonly AiDisplay[] = ["from_start", "on_request", "after_first_impression"];

export interface PolicyChoiceValue {
  ai_display: AiDisplay;
  second_signature: boolean;
}

interface PolicyChoiceProps {
  value: PolicyChoiceValue;
  onChange: (value: PolicyChoiceValue) => void;
}

export function PolicyChoice({ value, onChange }: PolicyChoiceProps) {
  const { t } = useTranslation();
  return (
    <>
      <Radio.Group
        label={t("policy.ai_display")}
        value={value.ai_display}
        onChange={(chosen) => {
          const ai_display = DISPLAYS.find((one) => one === chosen);
          if (ai_display) onChange({ ...value, ai_display });
        }}
      >
        <div className={`${form.choices} ${form.radios}`}>
          {DISPLAYS.map((display) => (
            <Radio
              classNames={CHOICE}
              key={display}
              size="xs"
              value={display}
              label={t(`policy.${display}`)}
              description={t(`policy.${display}_means`)}
            />
          ))}
        </div>
      </Radio.Group>
      <Checkbox
        classNames={CHOICE}
        label={t("policy.second_signature")}
        checked={value.second_signature}
        onChange={(event) => onChange({ ...value, second_signature: event.currentTarget.checked })}
      />
    </>
  );
}
