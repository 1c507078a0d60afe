import i18next from "i18next";
import { beforeAll, describe, expect, it } from "vitest";
import { ApiError } from "../api/errors";
import en from "../i18n/en.json";
import zh from "../i18n/zh.json";
import { fieldErrors } from "./words";

const refused = (fields: Record<string, string[]>, params: Record<string, unknown>) =>
  new ApiError(400, { code: "invalid", message: "Some fields are not valid.", fields, params });

beforeAll(async () => {
  await i18next.init({
    lng: "en",
    lowerCaseLng: true,
    resources: { en: { translation: en }, "zh-hans": { translation: zh } },
    interpolation: { escapeValue: false },
    showSupportNotice: false,
  });
});

describe("the errors of a form's fields", () => {
  const error = refused(
    { password: ["This password is too short."], "findings.1.code": ["Not this."] },
    {
      codes: { password: ["password_too_short"], "findings.1.code": ["repeated"] },
      min_length: 12,
    },
  );

  it("are said by code in the language of the screen, with the server's numbers", async () => {
    await i18next.changeLanguage("en");
    expect(fieldErrors(error)).toEqual({
      password: "Use 12 characters or more.",
      "findings.1.code": "This is there twice.",
    });
    await i18next.changeLanguage("zh-hans");
    expect(fieldErrors(error).password).toBe("请至少使用 12 个字符。");
  });

  it("keep the server's words where no code is known", () => {
    expect(fieldErrors(refused({ name: ["A rule", "nobody translated."] }, {}))).toEqual({
      name: "A rule nobody translated.",
    });
  });

  it("are none for a failure that is about no field", () => {
    expect(fieldErrors(new ApiError(0, { code: "offline" }))).toEqual({});
    expect(fieldErrors(new Error("x"))).toEqual({});
    expect(fieldErrors(null)).toEqual({});
  });
});
