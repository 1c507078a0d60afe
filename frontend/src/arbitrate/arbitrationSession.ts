/** One arbitration as a draft: what is sent of it, and its decision. */
import { type Arbitration, decideArbitration, saveArbitration } from "../api/labeling";
import { DraftSession } from "../reading/DraftSession";
import {
  type Decisions,
  decidedOf,
  decisionsOf,
  isSameDecisions,
  storedDecisionsOf,
} from "./decisions";

interface Options {
  readonly arbitration: Arbitration;
  readonly onRestored: (keptAt: string) => void;
  readonly onDecided: () => void;
}

export class ArbitrationSession extends DraftSession<Decisions> {
  constructor(private readonly options: Options) {
    const { arbitration, onRestored } = options;
    super({
      subject: arbitration.arbitration_id,
      content: decisionsOf(arbitration.draft.decisions),
      revision: arbitration.revision,
      savedAt: arbitration.saved_at,
      isSame: isSameDecisions,
      onRestored,
    });
  }

  protected send(decisions: Decisions, keepalive: boolean) {
    const { arbitration } = this.options;
    const draft = { decisions: storedDecisionsOf(arbitration, decisions) };
    const body = { revision: this.revision, draft };
    return saveArbitration(arbitration.arbitration_id, body, keepalive);
  }

  /** Everything in conflict is decided now; once, however often it is asked for. */
  decide = async (): Promise<void> => {
    const { arbitration, onDecided } = this.options;
    const decisions = decidedOf(arbitration, this.draft.content);
    const answer = await this.commit({
      body: () => ({ revision: this.revision, decisions }),
      send: (body, key) => decideArbitration(arbitration.arbitration_id, body, key),
      at: () => new Date().toISOString(), // shown nowhere
    });
    if (answer) onDecided();
  };

  /** After a refusal that passes: the round or its arbitrator goes on. */
  resume = (): void => this.dispatch({ type: "kept_mine" });
}
