import { AppError } from '#contract';
import type { ConstraintEnvelope, NodeKind, NodeRunsCreateRequest } from '#contract';
import { fingerprint } from '../sharding/fingerprint.js';
import type { NodeRunInputsEntity } from '../tables/node-run-documents.entity.js';
import type { NodeRunEntity } from '../tables/node-run.entity.js';
import { isApprovable } from './approval-id.js';
import { momentAfter } from './budgets.js';
import { candidateRefusal, mergeConstraints } from './constraints.js';
import { isNodeRunTerminal } from './node-run-state.js';
import type { NewRunEvent, RunDraft } from './run-draft.js';

export type CreateSpec = NodeRunsCreateRequest['node_runs'][number];

/** One child that is asked for, with what was found out about it. */
export interface NewChild {
  /** Derived from the idempotency key, or random. */
  readonly nodeRunId: string;
  readonly spec: CreateSpec;
  /** Undefined when nothing tells yet: it is resolved again at dispatch. */
  readonly kind: NodeKind | undefined;
  /** Of the node type, where a registry knows them. */
  readonly typeConstraints: ConstraintEnvelope | undefined;
}

interface PlannedChild {
  readonly row: NodeRunEntity;
  readonly documents: NodeRunInputsEntity;
  /** Milliseconds from now that it or its node type asks for by itself; those of the run are the run's deadline. */
  readonly wallTime: number | undefined;
}

/**
 * Creates the children that do not exist yet, queued and ready. The limits are checked on the rows that the same command writes,
 * under the lock of the run: parallel creators cannot exceed one.
 *
 * @throws AppError parent_node_run_not_found, parent_node_run_invalid, idempotency_conflict, constraint_violation
 */
export function createNodeRuns(draft: RunDraft, parentId: string, children: readonly NewChild[]): void {
  const parent = parentOf(draft, parentId);
  const limits = draft.documentsOf(parentId)?.constraints;
  const planned = new Map<string, PlannedChild>();
  for (const child of children) {
    const { spec, nodeRunId } = child;
    const specHash = fingerprint(spec);
    const known = planned.get(nodeRunId)?.documents.spec_hash ?? draft.documentsOf(nodeRunId)?.spec_hash;
    if (known === undefined) planned.set(nodeRunId, plan(draft, parent, child, limits, specHash));
    else if (known !== specHash) {
      throw new AppError('idempotency_conflict', { details: { idempotency_key: spec.idempotency_key ?? '' } });
    }
  }
  const fresh = [...planned.values()];
  if (fresh.length === 0) return;
  // A replay of what exists is answered also after the parent has ended; new work is not taken then.
  refuseUnlessOpen(draft, parent);
  refuseBeyondLimits(draft, parent, fresh, limits);

  for (const { row, documents, wallTime } of fresh) {
    draft.insertNodeRun(row, documents);
    draft.enqueue(row.node_run_id, draft.now);
    if (wallTime !== undefined) {
      const dueAt = momentAfter(draft.now, wallTime);
      draft.setTimer({ kind: 'node_run_deadline', node_run_id: row.node_run_id, due_at: dueAt });
    }
  }
  // Whoever creates children works on the parent, even when its answer to the hand-over has not arrived yet.
  if (parent.state === 'assigned') draft.updateNodeRun(parentId, { state: 'running', started_at: draft.now });
  draft.updateNodeRun(parentId, {
    child_count: parent.child_count + fresh.length,
    decomposition_rounds: parent.decomposition_rounds + 1,
  });
  draft.updateHead({ node_count: draft.head.node_count + fresh.length });
  draft.append(...creationEvents(parentId, fresh));
}

function parentOf(draft: RunDraft, parentId: string): Readonly<NodeRunEntity> {
  const parent = draft.find(parentId);
  if (!draft.exists || parent === undefined) {
    throw new AppError('parent_node_run_not_found', { details: { parent_node_run_id: parentId } });
  }
  return parent;
}

function refuseUnlessOpen(draft: RunDraft, parent: Readonly<NodeRunEntity>): void {
  const isOpen = !isNodeRunTerminal(parent.state) && !isApprovable(parent.approval) && !draft.isTerminal;
  if (parent.kind === 'composite' && isOpen) return;
  throw new AppError('parent_node_run_invalid', {
    details: { parent_node_run_id: parent.node_run_id, kind: parent.kind ?? 'unknown', state: parent.state },
  });
}

/** Every structural limit and the candidate lists; the message names the constraint, its limit and what was asked. */
function refuseBeyondLimits(
  { head }: RunDraft,
  parent: Readonly<NodeRunEntity>,
  fresh: readonly PlannedChild[],
  limits: ConstraintEnvelope | null | undefined,
): void {
  const structural = limits?.structural ?? {};
  const checks: readonly (readonly [keyof typeof structural, number])[] = [
    ['max_depth', parent.depth + 1],
    ['max_children_per_composite', parent.child_count + fresh.length],
    ['max_total_nodes_per_run', head.node_count + fresh.length],
    ['max_decomposition_rounds_per_node', parent.decomposition_rounds + 1],
  ];
  for (const [name, actual] of checks) {
    const limit = structural[name];
    if (limit !== undefined && actual > limit) {
      throw new AppError('constraint_violation', {
        message: `structural.${name} allows ${limit}; this request would make it ${actual}.`,
        details: { constraint: `structural.${name}`, limit, actual, node_run_id: parent.node_run_id },
      });
    }
  }
  for (const { row, documents } of fresh) {
    // The child's own lists count too: they only narrow.
    const refusal =
      candidateRefusal(limits, row.node_type_id) ?? candidateRefusal(documents.constraints, row.node_type_id);
    if (refusal === undefined) continue;
    const list = refusal === 'node_type_denied' ? 'denied_node_type_ids' : 'allowed_node_type_ids';
    throw new AppError('constraint_violation', {
      message: `candidates.${list} does not admit the node type ${row.node_type_id}.`,
      details: { constraint: `candidates.${list}`, reason: refusal, node_type_id: row.node_type_id },
    });
  }
}

function plan(
  { bucket, runId, now }: RunDraft,
  parent: Readonly<NodeRunEntity>,
  { nodeRunId, spec, kind, typeConstraints }: NewChild,
  limits: ConstraintEnvelope | null | undefined,
  specHash: string,
): PlannedChild {
  const { node_type_ref, inputs, ...rest } = spec;
  const own = mergeConstraints(typeConstraints, spec.constraints);
  return {
    wallTime: own?.budgets?.max_wall_time_ms,
    row: {
      bucket,
      node_run_id: nodeRunId,
      run_id: runId,
      parent_node_run_id: parent.node_run_id,
      node_type_id: node_type_ref.node_type_id,
      node_type_version: node_type_ref.version,
      kind: kind ?? null,
      state: 'queued',
      depth: parent.depth + 1,
      epoch: 0,
      created_at: now,
      started_at: null,
      ended_at: null,
      child_count: 0,
      decomposition_rounds: 0,
      attempts: 0,
      unsent: 0,
      approval: null,
    },
    documents: {
      bucket,
      node_run_id: nodeRunId,
      inputs,
      spec: rest,
      spec_hash: specHash,
      constraints: mergeConstraints(limits, own) ?? null,
    },
  };
}

function creationEvents(parentId: string, created: readonly PlannedChild[]): NewRunEvent[] {
  return [
    { type: 'composite_decomposed', nodeRunId: parentId, data: { node_run_count: created.length } },
    ...created.flatMap(({ row, documents }): NewRunEvent[] => {
      const { candidate_set_id, binding_decision } = documents.spec;
      const candidateSetId = candidate_set_id ?? binding_decision?.candidate_set_id;
      const nodeRunId = row.node_run_id;
      const events: NewRunEvent[] = [];
      if (candidateSetId !== undefined) {
        const subtask = binding_decision === undefined ? {} : { subtask_id: binding_decision.subtask_id };
        const data = { candidate_set_id: candidateSetId, ...subtask };
        events.push({ type: 'candidate_set_generated', nodeRunId, data });
      }
      if (binding_decision !== undefined) events.push({ type: 'subtask_mapped', nodeRunId, data: binding_decision });
      events.push({ type: 'node_run_assigned', nodeRunId, data: { parent_node_run_id: parentId } });
      return events;
    }),
  ];
}
