/**
 * Keeps one reader's draft with the server and, until the server has confirmed it, on this workstation:
 * autosave, retry, conflict, and the one act that ends it, once. What is sent where is the subclass's
 * business. No React: the screen subscribes.
 */
import { ApiError, isConflict } from "../api/errors";
import { type Draft, type DraftEvent, draftReducer, isUnsaved, openDraftOf } from "./draft";
import { holdRecord, type LocalDrafts } from "./localDrafts";

const AUTOSAVE_DELAY_MS = 600;
const RETRY_DELAY_MS = 5_000;
/** How long after a change the workstation has it; a drag changes it sixty times a second. */
const KEEP_DELAY_MS = 200;

export interface DraftStart<C> {
  /** The case, read or arbitration that the draft is about; names its records on this workstation. */
  readonly subject: string;
  readonly content: C;
  readonly revision: number;
  readonly savedAt: string | null;
  readonly isSame: (a: C, b: C) => boolean;
  /** Something unsaved was found on this workstation and stands again, or stands against the server's. */
  readonly onRestored: (keptAt: string) => void;
}

/** The act that ends a draft; `body` is asked for after the last save, whose revision it must name. */
interface Commit<B, A> {
  readonly body: () => B;
  readonly send: (body: B, idempotencyKey: string) => Promise<A>;
  /** When it was done, by the server's clock. */
  readonly at: (answer: A) => string;
  /** Conflicts that leave the draft as it is. */
  readonly harmless?: ReadonlySet<string>;
}

export abstract class DraftSession<C> {
  protected draft: Draft<C>;
  protected revision: number;
  private readonly reduce: (draft: Draft<C>, event: DraftEvent<C>) => Draft<C>;
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

  constructor(private readonly start: DraftStart<C>) {
    this.draft = openDraftOf(start.content, start.savedAt);
    this.revision = start.revision;
    this.reduce = draftReducer(start.isSame);
  }

  /** One save of the content on top of the revision in hand. */
  protected abstract send(
    content: C,
    keepalive: boolean,
  ): Promise<{ revision: number; saved_at: string }>;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly get = (): Draft<C> => this.draft;

  readonly dispatch = (event: DraftEvent<C>): void => {
    const before = this.draft;
    this.draft = this.reduce(before, event);
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
    const orphans = await local.orphans<C>(this.start.subject);
    const last = orphans.at(-1);
    if (!last || !canEdit) return;
    const { draft } = last;
    const isNews = !this.start.isSame(draft.content, this.draft.content);
    // What is being typed at this moment is newer than anything that was left behind.
    if (isNews && this.draft.save.kind !== "dirty") this.restore(draft.content, draft.revision);
    if (isNews) this.start.onRestored(draft.keptAt);
    await this.keepNow();
    for (const orphan of orphans) await local.forget(orphan.id);
  }

  save = (keepalive = false): Promise<void> => {
    window.clearTimeout(this.saveTimer);
    const sent = this.draft.content;
    this.dispatch({ type: "save_started", sent });
    this.saving = this.send(sent, keepalive).then(
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
    if (["dirty", "save_failed", "commit_failed"].includes(this.draft.save.kind)) await this.save();
    return !isUnsaved(this.draft);
  }

  /** Ends the draft; null where the server did not: the draft says why. */
  protected async commit<B, A>({ body, send, at, harmless }: Commit<B, A>): Promise<A | null> {
    window.clearTimeout(this.saveTimer);
    this.dispatch({ type: "commit_started", sent: this.draft.content });
    await this.saving; // its answer brings the revision that the act must name
    const sent = body();
    const text = JSON.stringify(sent);
    // The same content sent again (after a lost answer) must not become a second act.
    if (this.attempt.body !== text) this.attempt = { body: text, key: crypto.randomUUID() };
    try {
      const answer = await send(sent, this.attempt.key);
      this.dispatch({ type: "commit_done", at: at(answer) });
      await this.forgetKept();
      return answer;
    } catch (error) {
      const isOvertaken = isConflict(error) && !harmless?.has(error.code);
      this.dispatch({ type: isOvertaken ? "conflicted" : "commit_failed", error });
      return null;
    }
  }

  /** After a conflict: what is on this screen shall stand, on top of the other window's revision. */
  keepMine = (): void => {
    const { save } = this.draft;
    if (save.kind !== "conflict" || !(save.error instanceof ApiError)) return;
    const { current, revision } = save.error.params;
    this.revision = Number(current ?? revision);
    this.dispatch({ type: "kept_mine" });
  };

  /** What this workstation kept is given up for the server's version. */
  async discard(): Promise<void> {
    window.clearTimeout(this.keepTimer);
    await this.forgetKept();
  }

  // --- inside --------------------------------------------------------------------------------------

  private restore(content: C, madeOn: number): void {
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
    if (["dirty", "commit_failed"].includes(this.draft.save.kind)) void this.save(true);
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
    this.keeping = this.keeping.then(() => local.keep(this.recordId, this.start.subject, kept));
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
