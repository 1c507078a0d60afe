/** One blinded read as a draft: what is sent of it, and its lock. */
import {
  type LabelRead,
  type LockedRead,
  lockRead,
  type ReadBody,
  saveRead,
} from "../api/labeling";
import { DraftSession } from "../reading/DraftSession";
import { contentOf, isSameContent, type LabelContent, storedContentOf } from "./content";

export interface ReadSessionOptions {
  readonly read: LabelRead;
  /** Seconds of looking so far. */
  readonly activeSeconds: () => number;
  readonly onRestored: (keptAt: string) => void;
  readonly onSaved: (saved: Pick<LabelRead, "revision" | "content" | "saved_at">) => void;
  readonly onLease: (until: string) => void;
  readonly onLocked: (answer: LockedRead) => void;
}

export class ReadSession extends DraftSession<LabelContent> {
  private tried: { content: LabelContent; active_s: number } | null = null;

  constructor(private readonly options: ReadSessionOptions) {
    const { read, onRestored } = options;
    super({
      subject: read.read_id,
      content: contentOf(read.content),
      revision: read.revision,
      savedAt: read.saved_at,
      isSame: isSameContent,
      onRestored,
    });
  }

  private body(content: LabelContent): ReadBody {
    return {
      revision: this.revision,
      content: storedContentOf(content),
      active_s: this.options.activeSeconds(),
    };
  }

  protected async send(content: LabelContent, keepalive: boolean) {
    const saved = await saveRead(this.options.read.read_id, this.body(content), keepalive);
    this.options.onSaved(saved);
    this.options.onLease(saved.lease_until);
    return saved;
  }

  /** `isConfirmed`: what is odd about it was looked at. */
  lock = async (isConfirmed: boolean): Promise<void> => {
    const { read_id } = this.options.read;
    const { content } = this.draft;
    // A second try after a lost answer is the very same lock, its time included.
    if (this.tried?.content !== content) {
      this.tried = { content, active_s: this.options.activeSeconds() };
    }
    const { active_s } = this.tried;
    const answer = await this.commit({
      body: () => ({ ...this.body(content), active_s, confirmed: isConfirmed }),
      send: (body, key) => lockRead(read_id, body, key),
      at: () => new Date().toISOString(), // shown nowhere: the lock names no time of its own
    });
    if (answer) this.options.onLocked(answer);
  };

  /** The read cannot go on, or may go on again: the server has said so outside of a save. */
  lose = (error: unknown): void => this.dispatch({ type: "conflicted", error });
  resume = (): void => this.dispatch({ type: "kept_mine" });
}
