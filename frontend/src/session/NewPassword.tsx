/** A password entered twice; says so while the two differ. */
import { PasswordInput } from "@mantine/core";
import { useTranslation } from "react-i18next";

export interface PasswordPair {
  first: string;
  second: string;
}

interface NewPasswordProps {
  value: PasswordPair;
  error: string | undefined;
  onChange: (value: PasswordPair) => void;
}

export function isPasswordReady({ first, second }: PasswordPair): boolean {
  return first !== "" && first === second;
}

export function NewPassword({ value, error, onChange }: NewPasswordProps) {
  const { t } = useTranslation();
  const isDifferent = value.second !== "" && value.first !== value.second;
  const shared = {
    autoComplete: "new-password",
    maxLength: 256,
    required: true,
    withAsterisk: false,
    visibilityToggleButtonProps: { "aria-label": t("login.show_password") },
  };
  return (
    <>
      <PasswordInput
        {...shared}
        label={t("join.password")}
        description={t("join.password_hint")}
        value={value.first}
        error={error}
        onChange={(event) => onChange({ ...value, first: event.currentTarget.value })}
      />
      <PasswordInput
        {...shared}
        label={t("join.repeat")}
        value={value.second}
        error={isDifferent ? t("field_errors.passwords_differ") : null}
        onChange={(event) => onChange({ ...value, second: event.currentTarget.value })}
      />
    </>
  );
}
