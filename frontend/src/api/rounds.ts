/** The routes of reading rounds, for the admin of their project. */
import type { StoredAnswer } from "./labeling";
import type { components } from "./schema";
import { answer, inProject, server } from "./server";

type Schemas = components["schemas"];
export type RoundRow = Schemas["RoundRow"];
export type RoundSetup = Schemas["RoundSetup"];
export type RoundProgress = Schemas["RoundProgress"];
export type RoundMember = Schemas["RoundMember"];
export type RoundQuestion = Schemas["RoundQuestion"];
export type RoundCase = Schemas["RoundCase"];
export type KnownAnswer = NonNullable<RoundCase["known"]>;
export type KnownPurpose = Schemas["KnownCaseRequest"]["purpose"];
export type RoundState = RoundSetup["state"];

export interface FindingRule {
  code: string;
  needs_roi?: boolean;
  needs_measurement?: boolean;
  minimum_size_mm?: number | null;
  compares_rois?: boolean;
  minimum_iou?: number;
  grade_tolerance?: number;
  length_tolerance_mm?: number;
  length_tolerance_ratio?: number;
}

/** The rules of a round (apps.feedback.compute.round_policy); what is left out has its default. */
export interface RoundRules {
  findings: FindingRule[];
  readers_per_case?: number;
  multiply_read_share?: number;
  trigger?: "discordant" | "discordant_or_positive";
  seats?: 1 | 3;
  reread_share?: number;
  washout_days?: number;
  gold_share?: number;
  qualification_pass_share?: number;
  daily_cap?: number | null;
  release?: "round_closed" | "each_case" | "manual";
  shows_result_to_reader?: boolean;
}

const ofRound = (roundId: string) => ({ path: { round_id: roundId } });

export const fetchRounds = (projectId: string, signal: AbortSignal) =>
  answer(server.GET("/api/projects/{project_id}/rounds", { params: inProject(projectId), signal }));

export const createRound = (projectId: string, name: string) =>
  answer(
    server.POST("/api/projects/{project_id}/rounds", {
      params: inProject(projectId),
      body: { name },
    }),
  );

export const fetchRoundSetup = (roundId: string, signal: AbortSignal) =>
  answer(server.GET("/api/rounds/{round_id}/setup", { params: ofRound(roundId), signal }));

export const saveRules = (roundId: string, rules: RoundRules, reason: string) =>
  answer(
    server.POST("/api/rounds/{round_id}/policy", {
      params: ofRound(roundId),
      body: { content: { ...rules }, reason },
    }),
  );

/** Of an earlier version, or with the token of its upload. */
export interface SentPicture {
  sha256: string;
  caption: string;
  token: string;
}

/** Stores a picture; it is shown once a version of the guideline has it. */
export function storePicture(roundId: string, file: File) {
  const form = new FormData();
  form.append("file", file, file.name);
  return answer(
    server.POST("/api/rounds/{round_id}/guideline-pictures", {
      params: ofRound(roundId),
      body: { file: file.name },
      bodySerializer: () => form,
    }),
  );
}

export const pictureUrl = (roundId: string, sha256: string) =>
  `/api/rounds/${roundId}/guideline-pictures/${sha256}`;

export const saveGuideline = (
  roundId: string,
  guideline: { text: string; pictures: SentPicture[]; change: string },
) =>
  answer(
    server.POST("/api/rounds/{round_id}/guideline", {
      params: ofRound(roundId),
      body: guideline,
    }),
  );

export const addMember = (roundId: string, userId: string, role: RoundMember["role"]) =>
  answer(
    server.POST("/api/rounds/{round_id}/members", {
      params: ofRound(roundId),
      body: { user_id: userId, role },
    }),
  );

export const changeMember = (
  roundId: string,
  memberId: string,
  changes: { state: RoundMember["state"]; reason: string },
) =>
  answer(
    server.PATCH("/api/rounds/{round_id}/members/{member_id}", {
      params: { path: { round_id: roundId, member_id: memberId } },
      body: changes,
    }),
  );

export interface CaseFilter {
  modality: string;
  body_part_examined: string;
  sample_size: number | null;
}

export const addCases = (roundId: string, filter: CaseFilter) =>
  answer(
    server.POST("/api/rounds/{round_id}/cases", {
      params: ofRound(roundId),
      body: { ...filter, case_ids: [], arrived_from: null, arrived_to: null },
    }),
  );

export interface RoundCasesQuery {
  state: "" | RoundCase["state"];
  /** `known`: gold and qualification. */
  purpose: "" | "primary" | "gold" | "qualification" | "known";
  offset: number;
  limit: number;
}

export const fetchRoundCases = (roundId: string, query: RoundCasesQuery, signal: AbortSignal) =>
  answer(
    server.GET("/api/rounds/{round_id}/cases", {
      params: { ...ofRound(roundId), query },
      signal,
    }),
  );

/** What is known of a case, as a read would say it; regions are not written here. */
export interface SentKnownCase {
  case_id: string;
  purpose: KnownPurpose;
  answers: Omit<StoredAnswer, "confidence">[];
  unreadable: boolean;
  explanation: string;
}

export const addKnownCase = (roundId: string, sent: SentKnownCase) =>
  answer(
    server.POST("/api/rounds/{round_id}/known-cases", {
      params: ofRound(roundId),
      body: {
        case_id: sent.case_id,
        purpose: sent.purpose,
        explanation: sent.explanation,
        content: {
          answers: sent.answers.map((one) => ({ ...one, confidence: null })),
          rois: [],
          measurements: [],
          nothing_found: false,
          quality: [],
          unreadable: sent.unreadable,
          unreadable_reason: "",
          comment: "",
        },
      },
    }),
  );

const CASE_ACTS = {
  cancel: "/api/rounds/{round_id}/cases/{round_case_id}/cancel",
  reopen: "/api/rounds/{round_id}/cases/{round_case_id}/reopen",
  reassign: "/api/rounds/{round_id}/cases/{round_case_id}/reassign",
} as const;
export type CaseAct = keyof typeof CASE_ACTS | "readers" | "remove";

/** `value`: the reason, or how many readers; a case of a draft is removed without one. */
export function actOnCase(roundId: string, caseId: string, act: CaseAct, value: string) {
  const params = { path: { round_id: roundId, round_case_id: caseId } };
  if (act === "remove") {
    return answer(
      server.POST("/api/rounds/{round_id}/cases/remove", {
        params: ofRound(roundId),
        body: { round_case_ids: [caseId] },
      }),
    );
  }
  if (act === "readers") {
    const path = "/api/rounds/{round_id}/cases/{round_case_id}/readers";
    return answer(server.POST(path, { params, body: { readers: Number(value) } }));
  }
  return answer(server.POST(CASE_ACTS[act], { params, body: { reason: value } }));
}

export const openRound = (roundId: string) =>
  answer(server.POST("/api/rounds/{round_id}/open", { params: ofRound(roundId) }));

const ACTS = {
  close: "/api/rounds/{round_id}/close",
  cancel: "/api/rounds/{round_id}/cancel",
  release: "/api/rounds/{round_id}/release",
} as const;
export type RoundAct = keyof typeof ACTS;

export const endRound = (roundId: string, act: RoundAct, reason: string) =>
  answer(server.POST(ACTS[act], { params: ofRound(roundId), body: { reason } }));

export const fetchProgress = (roundId: string, signal: AbortSignal) =>
  answer(server.GET("/api/rounds/{round_id}/progress", { params: ofRound(roundId), signal }));

export const fetchQuestions = (roundId: string, signal: AbortSignal) =>
  answer(server.GET("/api/rounds/{round_id}/questions", { params: ofRound(roundId), signal }));

export const answerQuestion = (
  roundId: string,
  questionId: string,
  guideline: { guideline_text: string; change: string },
) =>
  answer(
    server.POST("/api/rounds/{round_id}/questions/{question_id}/answer", {
      params: { path: { round_id: roundId, question_id: questionId } },
      body: guideline,
    }),
  );
