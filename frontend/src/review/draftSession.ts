/**
 * Keeps one reader's draft of one case with the server and, until the server has confirmed it, on this
 * workstation: autosave, retry, conflict, signature once. No React: the screen subscribes.
 */
import { openAddendum, saveDraft, signReview } from "../api/endpoints";
import { ApiError, isConflict } from "../api/errors";
import type { DraftBody, ReviewPayload, SignAnswer } from "../api/types";
import { holdRecord, type LocalDrafts } from "../reading/localDrafts";
import {
  type Draft,
  type DraftContent,
  type DraftEvent,
  draftBody,
  isSameContent,
  isUnsaved,
  openDraft,
  reduceDraft,
} from "./draft";

const AUTOSAVE_DELAY_MS = 600;
const RETRY_DELAY_MS = 5_000;
/** How long after a change the workstation has it; a drag changes it sixty times a second. */
const KEEP_DELAY_MS = 200;

/** Refused while somebody else reads the case: the draft is fine, only the signature must wait. */
const NOT_OVERTAKEN = new Set(["claimed_by_other"]);

export interface SessionOptions {
  readonly payload: ReviewPayload;
  /** The AI answer on the screen; null where none is shown. */
  readonly shownPrediction: string | null;
  readonly client: DraftBody["client"];
  readonly onSigned: (answer: SignAnswer) => void;
  /** Something unsaved was found on this workstation and stands again, or stands against the server's. */
  readonly onRestored: (keptAt: string) => void;
}

export class DraftSession {
  private draft: Draft;
  private revision: number;
  private shownPrediction: string | null;
  private readonly caseId: string;
  private readonly listeners = new Set<() => void>();
  private saving: Promise<void> = Promise.resolve();
  private attempt = { body: "", key: "" };
  private saveTimer = 0;
  private keepTimer = 0;
  private local: LocalDrafts | null = null;
  private readonly recordId = crypto.randomUUID();
  private releaseRecord: () => void = () => undefined;
  private keeping: Promise<void> = Promise.resolve();
  private isAttached = false;

  constructor(private readonly options: SessionOptions) {
    const { payload } = options;
    this.caseId = payload.case_id;
    this.draft = openDraft(payload);
    this.revision = payload.draft?.revision ?? 0;
    this.shownPrediction = options.shownPrediction;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly get = (): Draft => this.draft;

  readonly dispatch = (event: DraftEvent): void => {
    const before = this.draft;
    this.draft = reduceDraft(before, event);
    if (this.draft === before) return;
    if (this.draft.content !== before.content) this.keepSoon();
    if (this.isAttached) this.schedule();
    for (const listener of this.listeners) listener();
  };

  attach(): () => void {
    this.isAttached = true;
    this.releaseRecord = holdRecord(this.recordId);
    window.addEventListener("beforeunload", this.warn);
    window.addEventListener("online", this.retryNow);
    this.schedule();
    return () => {
      this.isAttached = false;
      window.removeEventListener("beforeunload", this.warn);
      window.removeEventListener("online", this.retryNow);
      this.flush();
      window.clearTimeout(this.saveTimer);
      this.releaseRecord();
    };
  }

  /** From when on unconfirmed content is kept here; what an earlier tab left behind comes back first. */
  async keepLocally(local: LocalDrafts, canEdit: boolean): Promise<void> {
    this.local = local;
    const orphans = await local.orphans<DraftContent>(this.caseId);
    const last = orphans.at(-1);
    if (!last || !canEdit) return;
    const { draft } = last;
    const isNews = !isSameContent(draft.content, this.draft.content);
    // What is being typed at this moment is newer than anything that was left behind.
    if (isNews && this.draft.save.kind !== "dirty") this.restore(draft.content, draft.revision);
    if (isNews) this.options.onRestored(draft.keptAt);
    await this.keepNow();
    for (const orphan of orphans) await local.forget(orphan.id);
  }

  /** Another answer of the model is on the screen now; it goes with the next save. */
  showPrediction(casePredictionId: string | null): void {
    this.shownPrediction = casePredictionId;
  }

  /** What a request about this draft must carry: its revision, what was shown, what is on the screen. */
  body(): DraftBody {
    return draftBody(this.draft.content, {
      revision: this.revision,
      casePredictionId: this.shownPrediction,
      client: this.options.client,
    });
  }

  save = (keepalive = false): Promise<void> => {
    window.clearTimeout(this.saveTimer);
    const sent = this.draft.content;
    const body = this.body();
    this.dispatch({ type: "save_started", sent });
    this.saving = saveDraft(this.caseId, body, keepalive).then(
      (saved) => {
        this.revision = saved.revision;
        this.dispatch({ type: "save_done", savedAt: saved.saved_at });
        if (this.draft.save.kind === "saved") void this.forgetKept();
      },
      (error: unknown) =>
        this.dispatch({ type: isConflict(error) ? "conflicted" : "save_failed", error }),
    );
    return this.saving;
  };

  /** Everything entered so far is with the server when this resolves; false where it is not. */
  async settle(): Promise<boolean> {
    await this.saving;
    if (["dirty", "save_failed"].includes(this.draft.save.kind)) await this.save();
    return !isUnsaved(this.draft);
  }

  sign = async (): Promise<void> => {
    window.clearTimeout(this.saveTimer);
    this.dispatch({ type: "sign_started", sent: this.draft.content });
    await this.saving; // its answer brings the revision that the signature must name
    const body = this.body();
    const text = JSON.stringify(body);
    // The same content sent again (after a lost answer) must not become a second signature.
    if (this.attempt.body !== text) this.attempt = { body: text, key: crypto.randomUUID() };
    try {
      const answer = await signReview(this.caseId, body, this.attempt.key);
      this.dispatch({ type: "sign_done", signedAt: answer.signed_at });
      await this.forgetKept();
      this.options.onSigned(answer);
    } catch (error) {
      const isOvertaken = isConflict(error) && !NOT_OVERTAKEN.has(error.code);
      this.dispatch({ type: isOvertaken ? "conflicted" : "sign_failed", error });
    }
  };

  /** After a conflict: what is on this screen shall stand, on top of the other window's revision. */
  keepMine = (): void => {
    const { save } = this.draft;
    if (save.kind !== "conflict" || !(save.error instanceof ApiError)) return;
    this.revision = Number(save.error.params.current);
    this.dispatch({ type: "kept_mine" });
  };

  /** A colleague has signed meanwhile: what is on this screen goes on as an addendum to that version. */
  async becomeAddendum(reason: string): Promise<void> {
    const { content } = this.draft;
    const opened = await openAddendum(this.caseId, reason);
    this.revision = opened.revision;
    this.dispatch({ type: "kept_mine" });
    this.dispatch({ type: "edited", content });
    await this.settle();
  }

  /** What this workstation kept is given up for the server's version. */
  async discard(): Promise<void> {
    window.clearTimeout(this.keepTimer);
    await this.forgetKept();
  }

  // --- inside --------------------------------------------------------------------------------------

  private restore(content: DraftContent, madeOn: number): void {
    this.dispatch({ type: "restored", content });
    if (madeOn === this.revision) return;
    // The server's draft has moved on since: the reader decides, as between two windows.
    const error = new ApiError(409, {
      code: "stale_revision",
      params: { current: this.revision },
    });
    this.dispatch({ type: "conflicted", error });
  }

  private schedule(): void {
    window.clearTimeout(this.saveTimer);
    const { save } = this.draft;
    if (save.kind === "dirty") {
      this.saveTimer = window.setTimeout(this.save, AUTOSAVE_DELAY_MS);
    } else if (save.kind === "save_failed" && isTemporary(save.error)) {
      this.saveTimer = window.setTimeout(this.save, RETRY_DELAY_MS);
    }
  }

  private readonly retryNow = (): void => {
    if (this.draft.save.kind === "save_failed") void this.save();
  };

  /** Leaving the case or the page: what is not yet sent goes out with a request that outlives the page. */
  private flush(): void {
    if (this.draft.save.kind === "dirty") void this.save(true);
  }

  private readonly warn = (event: BeforeUnloadEvent): void => {
    this.flush();
    void this.keepNow();
    if (isUnsaved(this.draft)) event.preventDefault();
  };

  private keepSoon(): void {
    if (!this.local || this.keepTimer !== 0) return;
    this.keepTimer = window.setTimeout(() => void this.keepNow(), KEEP_DELAY_MS);
  }

  private keepNow(): Promise<void> {
    window.clearTimeout(this.keepTimer);
    this.keepTimer = 0;
    const { local } = this;
    if (!local || !isUnsaved(this.draft)) return Promise.resolve();
    const kept = {
      content: this.draft.content,
      revision: this.revision,
      keptAt: new Date().toISOString(),
    };
    this.keeping = this.keeping.then(() => local.keep(this.recordId, this.caseId, kept));
    return this.keeping;
  }

  private forgetKept(): Promise<void> {
    window.clearTimeout(this.keepTimer);
    this.keepTimer = 0;
    const { local } = this;
    if (!local) return Promise.resolve();
    this.keeping = this.keeping.then(() => local.forget(this.recordId));
    return this.keeping;
  }
}

function isTemporary(error: unknown): boolean {
  return error instanceof ApiError && (error.isOffline || error.status >= 500);
}
