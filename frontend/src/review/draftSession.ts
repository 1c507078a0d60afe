/** One reader's review of one case as a draft: what is sent of it, its signature, its addendum. */
import { openAddendum, saveDraft, signReview } from "../api/endpoints";
import type { DraftBody, ReviewPayload, SignAnswer } from "../api/types";
import { DraftSession as SavedDraft } from "../reading/DraftSession";
import { contentOf, type DraftContent, draftBody, EMPTY_CONTENT, isSameContent } from "./draft";

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

export class DraftSession extends SavedDraft<DraftContent> {
  private shownPrediction: string | null;
  private readonly caseId: string;

  constructor(private readonly options: SessionOptions) {
    const { payload, onRestored } = options;
    super({
      subject: payload.case_id,
      content: payload.draft ? contentOf(payload.draft) : EMPTY_CONTENT,
      revision: payload.draft?.revision ?? 0,
      savedAt: payload.draft?.saved_at ?? null,
      isSame: isSameContent,
      onRestored,
    });
    this.caseId = payload.case_id;
    this.shownPrediction = options.shownPrediction;
  }

  /** Another answer of the model is on the screen now; it goes with the next save. */
  showPrediction(casePredictionId: string | null): void {
    this.shownPrediction = casePredictionId;
  }

  /** What a request about this draft must carry: its revision, what was shown, what is on the screen. */
  body(content: DraftContent = this.draft.content): DraftBody {
    return draftBody(content, {
      revision: this.revision,
      casePredictionId: this.shownPrediction,
      client: this.options.client,
    });
  }

  protected send(content: DraftContent, keepalive: boolean) {
    return saveDraft(this.caseId, this.body(content), keepalive);
  }

  sign = async (): Promise<void> => {
    const answer = await this.commit({
      body: () => this.body(),
      send: (body, key) => signReview(this.caseId, body, key),
      at: ({ signed_at }) => signed_at,
      harmless: NOT_OVERTAKEN,
    });
    if (answer) this.options.onSigned(answer);
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
}
