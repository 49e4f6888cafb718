import type { RunDraft } from '../lifecycle/run-draft.js';

/** A change of one run: which of its rows it looks at, and the rule that makes of them what is written. */
export interface RunCommand<Result> {
  readonly runId: string;
  /** The id of the run was drawn a moment ago, so there is nothing to read. */
  readonly isNew?: boolean;
  /** Node runs whose rows the rule looks at. */
  readonly nodeRunIds: readonly string[];
  /** Also every node run of the run that has not ended: for rules that end what is below, or everything. */
  readonly open?: boolean;
  /** Also hashes and constraints of the request and of these node runs. */
  readonly documents?: boolean;
  /** Also the idempotency keys of the reports of these node runs. */
  readonly reportKeys?: boolean;
  /** Changes the draft; when it throws, it has changed nothing and the caller gets the error. */
  readonly decide: (draft: RunDraft) => Result;
}
