import type { ConstraintEnvelope, NodeKind } from '#contract';
import type { RunDraft } from '../lifecycle/run-draft.js';
import type { Bucket } from '../sharding/bucket.js';
import type { NodeRunApproval } from '../tables/node-run.entity.js';

/** Where a node run is found. */
export interface NodeRunKey {
  readonly bucket: Bucket;
  readonly node_run_id: string;
}

/** What a dispatcher must know of a queued node run. Nothing of it changes but `epoch` and `approval`. */
export interface DispatchTicket extends NodeRunKey {
  readonly run_id: string;
  readonly parent_node_run_id: string | null;
  /** Empty when the run has none. */
  readonly tenant_id: string;
  /** Of the run; null when it was started without authentication, so that its run context says of the caller what he liked. */
  readonly owner: string | null;
  readonly node_type_id: string;
  readonly node_type_version: string;
  /** Null until it is known. */
  readonly kind: NodeKind | null;
  /** Of the node run when the ticket was written: a ticket with another one is too old to act on. */
  readonly epoch: number;
  /** Whether somebody has approved its execution. */
  readonly approval: NodeRunApproval;
  readonly inputs: Record<string, unknown>;
  readonly run_context: object | null;
  /** What holds for the node run. */
  readonly constraints: ConstraintEnvelope | null;
  /** What holds for its run. */
  readonly run_constraints: ConstraintEnvelope | null;
}

/** The tickets of node runs that a commit of this process created: they need not be read again. */
export function freshTickets(draft: RunDraft): DispatchTicket[] {
  const { started } = draft;
  if (started === undefined) return [];
  return [...draft.changes.ready.added.keys()].flatMap((nodeRunId) => {
    const row = draft.find(nodeRunId);
    const documents = draft.changes.newNodeRuns.get(nodeRunId);
    if (row === undefined || documents === undefined) return [];
    return [
      {
        ...row,
        tenant_id: draft.head.tenant_id ?? '',
        owner: draft.head.owner,
        inputs: documents.inputs,
        constraints: documents.constraints,
        run_context: started.run_context,
        run_constraints: started.constraints,
      },
    ];
  });
}
