import type { NodeRun, Run } from '#contract';
import { DEEPEST_JSON, isTooDeep } from '../json-depth.js';
import { filterResponse } from '../policies/response-filters.js';
import type { ResponseRules } from '../policies/tool-decision.js';
import { toolFailureOf } from '../tools/node-failure.js';
import type { NodeError } from '../tools/node-failure.js';
import type { JobEnd } from './jobs.repository.js';

/** What becomes of an answer; as it was when the call was let through. */
export interface JobRules {
  readonly filters: ResponseRules;
  readonly maxResponseBytes?: number;
  /** Of the action: what an error leaves open. */
  readonly isIdempotent: boolean;
}

const BLOCKED = 'The call was made, but the policies of the agent do not let its answer through.';
const TOO_DEEP = `The call was made, but its answer is nested deeper than ${DEEPEST_JSON} levels.`;

/** How the job of a run that has ended did end. */
export function jobEndOf({ state, extensions = {} }: Run, root: NodeRun | undefined, rules: JobRules): JobEnd {
  if (state === 'succeeded') return doneWith(root?.outputs ?? {}, rules);
  const error = errorOf(root?.extensions ?? {}) ?? errorOf(extensions) ?? { code: 'canceled' };
  if (state === 'canceled' && root?.started_at === undefined) {
    return failed('canceled', 'The job was canceled before it was begun.');
  }
  const { code, message } = toolFailureOf(error, rules);
  return failed(code, message);
}

export function failed(code: string, message: string): JobEnd {
  return { state: 'failed', result: null, error_code: code, error_message: message };
}

function doneWith(outputs: Record<string, unknown>, { filters, maxResponseBytes }: JobRules): JobEnd {
  if (isTooDeep(outputs)) return failed('tool_response_blocked', TOO_DEEP);
  const isTooLarge = maxResponseBytes !== undefined && Buffer.byteLength(JSON.stringify(outputs)) > maxResponseBytes;
  const filtered = isTooLarge ? { blocked: 'response_too_large' } : filterResponse(filters, outputs);
  if ('blocked' in filtered) return failed('tool_response_blocked', BLOCKED);
  return { state: 'done', result: JSON.stringify(filtered.data), error_code: null, error_message: null };
}

/** Coordinators put it under a prefix that the operator chooses. */
function errorOf(extensions: Record<string, unknown>): NodeError | undefined {
  const [, error] =
    Object.entries(extensions).find(([key, value]) => key.endsWith('.completion_error') && isError(value)) ?? [];
  return error as NodeError | undefined;
}

function isError(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { code?: unknown }).code === 'string';
}
