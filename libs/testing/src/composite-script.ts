import type { CompositeBeginRequest, NodeRun, NodeRunTerminalState, NodeTypeRef } from '#contract';
import type { CompositeAssignment } from './composite-assignment.js';

/** What is done with a composite node run, from its begin to its completion. What it throws ends it without a completion. */
export type CompositeScript = (assignment: CompositeAssignment, reached: ReachedStage) => Promise<void>;

/** Where a script can be, in this order. */
export const COMPOSITE_STAGES = ['begin', 'children', 'wait', 'evaluation'] as const;
export type CompositeStage = (typeof COMPOSITE_STAGES)[number];

/** A script says that it has reached a stage; an executor that is to die there does not return. */
export type ReachedStage = (stage: CompositeStage) => void;

export interface ChildrenScriptOptions {
  /** How many children. Default 2. */
  readonly children?: number;
  /** Default jarvis.core.echo 0.1.0 */
  readonly childNodeTypeRef?: NodeTypeRef;
  /** Inputs of the child with the number `step`, from 1. Default: those of the composite, and `step`. */
  readonly childInputs?: (request: CompositeBeginRequest, step: number) => Record<string, unknown>;
}

/**
 * The default script: creates children with the idempotency keys `step-1`, `step-2`, …, waits for them, and reports an evaluation
 * and the completion with outputs `{ children: [{ node_run_id, state, outputs? }] }`: succeeded when all of them have, canceled when
 * one was canceled, else failed with `child_failed`.
 */
export function childrenScript(options: ChildrenScriptOptions): CompositeScript {
  const { children = 2, childNodeTypeRef = { node_type_id: 'jarvis.core.echo', version: '0.1.0' } } = options;
  const inputsOf = options.childInputs ?? ((request, step) => ({ ...request.inputs, step }));
  return async (assignment, reached) => {
    const specs = Array.from({ length: children }, (_, index) => ({
      node_type_ref: childNodeTypeRef,
      inputs: inputsOf(assignment.request, index + 1),
      idempotency_key: `step-${index + 1}`,
    }));
    const created = specs.length === 0 ? [] : await assignment.createChildren(specs);
    reached('children');
    const ended = await assignment.untilEnded(created.map(({ node_run_id }) => node_run_id));
    reached('wait');
    const state = stateOf(ended);
    const status = state === 'succeeded' ? 'success' : 'fail';
    await assignment.evaluate({ evaluation_result: { status, reason_code: 'composite_evaluation' } });
    reached('evaluation');
    await assignment.complete({
      state,
      outputs: { children: ended.map(summary) },
      ...(state === 'succeeded'
        ? {}
        : { error: { code: 'child_failed', message: 'A child did not succeed.', retryable: false } }),
    });
  };
}

function stateOf(ended: readonly NodeRun[]): NodeRunTerminalState {
  if (ended.some(({ state }) => state === 'canceled')) return 'canceled';
  return ended.every(({ state }) => state === 'succeeded') ? 'succeeded' : 'failed';
}

function summary({ node_run_id, state, outputs }: NodeRun) {
  return { node_run_id, state, ...(outputs === undefined ? {} : { outputs }) };
}
