/** What the comparison of candidate and champion says, before any number is read; pure. */
import type { ComparedFinding, RunEvaluation } from "../../api/types";

/** The candidate counts as not worse where the interval leaves out a loss of more than this. */
export const MARGIN_AUC = 0.02;

export type Call = "better" | "worse" | "not_worse" | "undecided" | "not_evaluable";

export interface Judged extends ComparedFinding {
  call: Call;
  candidateAuc: number | null;
  championAuc: number | null;
}

export type Headline = "better" | "worse" | "mixed" | "not_worse" | "undecided" | "none";

export interface Verdict {
  headline: Headline;
  judged: Judged[];
}

/** One finding, by the 95 % interval of the difference of the two areas (candidate minus champion). */
export function callOf(compared: ComparedFinding): Call {
  const { state, low, high } = compared;
  if (state !== "ok") return "not_evaluable";
  if (low === null || high === null) return "undecided";
  if (low > 0) return "better";
  if (high < 0) return "worse";
  return low > -MARGIN_AUC ? "not_worse" : "undecided";
}

function headlineOf(calls: ReadonlySet<Call>): Headline {
  if (calls.has("worse")) return calls.has("better") ? "mixed" : "worse";
  if (calls.has("better")) return "better";
  if (calls.has("undecided")) return "undecided";
  return calls.has("not_worse") ? "not_worse" : "none";
}

/** `order` is the schema's: findings never jump between screens. */
export function verdictOf(evaluation: RunEvaluation, order: readonly string[]): Verdict {
  const aucOf = (model: RunEvaluation["candidate"], finding: string): number | null =>
    model?.findings.find((one) => one.finding === finding)?.auroc ?? null;
  const judged = order.flatMap((finding) =>
    evaluation.comparison
      .filter((compared) => compared.finding === finding)
      .map((compared) => ({
        ...compared,
        call: callOf(compared),
        candidateAuc: aucOf(evaluation.candidate, finding),
        championAuc: aucOf(evaluation.champion, finding),
      })),
  );
  return { headline: headlineOf(new Set(judged.map((one) => one.call))), judged };
}

/** "+0.03", "−0.01": a difference always says its direction. */
export function signed(value: number, digits = 2): string {
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return text;
  return `${value < 0 ? "−" : "+"}${text}`;
}
