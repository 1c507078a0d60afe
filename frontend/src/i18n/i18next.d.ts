import "i18next";
import type arbitrationEn from "./arbitration.en.json";
import type en from "./en.json";
import type labelingEn from "./labeling.en.json";
import type learningEn from "./learning.en.json";
import type roundsEn from "./rounds.en.json";
import type viewerEn from "./viewer.en.json";

// Makes every t("key") a compile-time check against the English resources.
declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "app";
    resources: {
      app: typeof en;
      viewer: typeof viewerEn;
      learning: typeof learningEn;
      labeling: typeof labelingEn;
      arbitration: typeof arbitrationEn;
      rounds: typeof roundsEn;
    };
  }
}
