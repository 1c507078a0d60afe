/** What a round came to, for the admin of its project: statistics, certificate, exports. */
import { serverFetch } from "./client";

export interface Interval {
  low: number;
  high: number;
  method: "wilson" | "asymptotic" | "patient_bootstrap";
  resamples: number | null;
  seed: number | null;
}

/** `count` of `total`; value and interval are null of nothing. */
export interface Proportion {
  count: number;
  total: number;
  value: number | null;
  interval: Interval | null;
}

/** A measure of agreement: what cannot be said is null, with the reason. */
export interface Coefficient {
  name:
    | "raw_agreement"
    | "cohen_kappa"
    | "cohen_kappa_linear"
    | "cohen_kappa_quadratic"
    | "scott_pi"
    | "fleiss_kappa"
    | "gwet_ac1"
    | "brennan_prediger"
    | "krippendorff_alpha_nominal"
    | "krippendorff_alpha_ordinal";
  value: number | null;
  undefined: "" | "no_cases" | "one_category";
  standard_error: number | null;
  interval: Interval | null;
  no_interval: "" | "one_patient" | "no_variation" | "undefined_resamples";
  case_count: number;
  patient_count: number;
  reader_count: number;
}

/** `bin_edges` has one more than `bin_counts`; both are empty without a histogram. */
export interface Distribution {
  count: number;
  first_quartile: number | null;
  median: number | null;
  third_quartile: number | null;
  bin_edges: number[];
  bin_counts: number[];
}

/** `counts`: a row for each category of the reference, a column for each answer. */
export interface Confusion {
  categories: string[];
  counts: number[][];
  accuracy: Proportion;
  sensitivity: Proportion;
  specificity: Proportion;
  left_out: number;
}

export interface ReaderOfFinding {
  /** "Reader 3" */
  reader: string;
  consensus: Confusion;
  /** All zeros where the reader read no case with a known answer. */
  gold: Confusion;
  /** Against the hidden second reads: raw agreement, Cohen's kappa, AC1. */
  reread: Coefficient[];
}

/** What Dawid and Skene's model makes of the reads of a finding; cases by `round_case_id`. */
export interface DawidSkene {
  categories: string[];
  posteriors: Record<string, number[]>;
  shares: number[];
  confusions: Record<string, number[][]>;
  log_likelihood: number;
  iterations: number;
  is_converged: boolean;
}

export interface FindingStatistics {
  code: string;
  /** present, absent, not_assessable. */
  categories: string[];
  coefficients: Coefficient[];
  pairs: { readers: string[]; coefficients: Coefficient[] }[];
  /** Of those who called it present alike: agreement on the grade; null without grades. */
  grades: {
    categories: string[];
    coefficients: Coefficient[];
    pairs: { readers: string[]; coefficients: Coefficient[] }[];
  } | null;
  /** Overlap of the regions that were matched. */
  iou: Distribution;
  unmatched_regions: number;
  readers: ReaderOfFinding[];
  /** Null where nobody answered. */
  dawid_skene: DawidSkene | null;
}

export interface DisagreementIndex {
  reader: string;
  index: Proportion;
  lower_limit: number;
  upper_limit: number;
  is_above_alarm: boolean;
  is_outside_limits: boolean;
}

export interface ChangedShare {
  changed: number;
  answers: number;
  value: number | null;
  interval: Interval | null;
}

export interface RoundStatistics {
  cases: number;
  patients: number;
  reads: number;
  arbitration: Proportion;
  methods: { concordant: number; single: number; arbitrated: number; panel: number };
  unreadable: number;
  findings: FindingStatistics[];
  /** How often an arbitrator decided otherwise than a reader had said. */
  disagreement: {
    readers: DisagreementIndex[];
    center: number | null;
    alarm_limit: number | null;
    is_usable: boolean;
  };
  /** How often an arbitrator left the own blind answer after the reveal. */
  anchoring: { all: ChangedShare; arbitrators: (ChangedShare & { arbitrator: string })[] };
  /** Seconds on a case, without idle time. */
  time_s: { all: Distribution; readers: (Distribution & { reader: string })[] };
}

export interface RoundReport {
  report_id: string;
  created_at: string;
  cases: number;
  content_sha256: string;
  content: RoundStatistics;
}

export interface RoundStatisticsAnswer {
  report: RoundReport | null;
  /** A report was asked for and is not there yet. */
  pending: boolean;
  released_cases: number;
  /** Who is behind a pseudonym; no export holds it. */
  people: { pseudonym: string; user_id: string; name: string }[];
}

export const CLAIMS = [
  "readers_unexposed",
  "distinct_readers",
  "arbitrators_apart",
  "blind_before_reveal",
  "lock_hashes",
  "locks_in_chain",
  "policy_of_last_lock",
  "rereads_apart",
  "released_in_order",
  "chain_intact",
] as const;
export type Claim = (typeof CLAIMS)[number];

export interface CertificateClaim {
  code: Claim;
  passed: boolean;
  /** 0: nothing of the kind was there to check, which is to be said. */
  checked: number;
  /** What speaks against it, at most 100 rows; `offending_count` counts all. */
  offending: { kind: string; id: string; why: string }[];
  offending_count: number;
}

export interface RoundCertificate {
  format: number;
  round_id: string;
  round_name: string;
  issued_at: string;
  passed: boolean;
  cases: number;
  released_cases: number;
  chain: { sealed: number; head_sha256: string; broken_at: number | null };
  claims: CertificateClaim[];
  /** Of everything above, as canonical JSON. */
  certificate_sha256: string;
}

const ofRound = (roundId: string, rest: string) => `/api/rounds/${roundId}${rest}`;

async function ask<T>(method: "GET" | "POST", path: string, signal?: AbortSignal): Promise<T> {
  const request = new Request(path, {
    method,
    credentials: "same-origin",
    signal: signal ?? null,
  });
  return (await serverFetch(request)).json() as Promise<T>;
}

export const fetchRoundStatistics = (roundId: string, signal: AbortSignal) =>
  ask<RoundStatisticsAnswer>("GET", ofRound(roundId, "/statistics"), signal);

/** Asks for a new report; 409 `no_released_cases` where nothing is released. */
export const requestRoundReport = (roundId: string) =>
  ask<RoundStatisticsAnswer>("POST", ofRound(roundId, "/statistics"));

export const fetchRoundCertificate = (roundId: string, signal: AbortSignal) =>
  ask<RoundCertificate>("GET", ofRound(roundId, "/certificate"), signal);

/** For links: the browser saves what comes; 409 `no_released_cases` where nothing is released. */
export const roundExportPath = (roundId: string, format: "csv" | "json") =>
  ofRound(roundId, `/export.${format}`);
