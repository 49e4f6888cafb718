import type { ConstraintEnvelope } from '#contract';
import type { RunEntity } from '../tables/run.entity.js';

/** What an execution reports of what it spent: `extensions["jarvis.usage"]` of a result or a completion. */
export interface Usage {
  readonly external_calls: number;
  readonly cost: number;
}

/** A budget that does not suffice. */
export interface Overspending {
  readonly budget: 'max_steps' | 'max_external_calls' | 'max_cost' | 'max_wall_time_ms';
  readonly limit: number;
  readonly used: number;
}

/** Counters are 4-byte integers in the database: what is more than they hold stays at their end. */
const MAX_COUNT = 2_147_483_647;
/** The last moment that both JavaScript and Postgres write with a four-digit year. */
const LAST_TIME = Date.UTC(9999, 11, 31);

const NOTHING: Usage = { external_calls: 0, cost: 0 };

/** Reads what a result reports; anything that is not a finite number of at least 0 counts as 0. */
export function readUsage(extensions: Record<string, unknown> | undefined): Usage {
  const usage = extensions?.['jarvis.usage'];
  if (typeof usage !== 'object' || usage === null) return NOTHING;
  const { external_calls, cost } = usage as Record<string, unknown>;
  return { external_calls: Math.trunc(amount(external_calls)), cost: amount(cost) };
}

/** The sum of two counts, as far as it can be kept. */
export function addedCount(count: number, more: number): number {
  return Math.min(count + more, MAX_COUNT);
}

/** The moment `milliseconds` after `now`, as far as it can be kept. */
export function momentAfter(now: Date, milliseconds: number): Date {
  return new Date(Math.min(now.getTime() + milliseconds, LAST_TIME));
}

/** The budget that one more execution would break. What is spent is counted over the whole run. */
export function overspendingOfBegin(
  spent: Pick<RunEntity, 'steps' | 'external_calls' | 'cost'>,
  constraints: ConstraintEnvelope | null | undefined,
): Overspending | undefined {
  return overspending({ ...spent, steps: spent.steps + 1 }, constraints);
}

/** The budget that what was spent breaks. */
export function overspending(
  spent: Pick<RunEntity, 'steps' | 'external_calls' | 'cost'>,
  constraints: ConstraintEnvelope | null | undefined,
): Overspending | undefined {
  const { max_steps, max_external_calls, max_cost } = constraints?.budgets ?? {};
  if (max_steps !== undefined && spent.steps > max_steps) {
    return { budget: 'max_steps', limit: max_steps, used: spent.steps };
  }
  if (max_external_calls !== undefined && spent.external_calls > max_external_calls) {
    return { budget: 'max_external_calls', limit: max_external_calls, used: spent.external_calls };
  }
  if (max_cost !== undefined && spent.cost > max_cost) {
    return { budget: 'max_cost', limit: max_cost, used: spent.cost };
  }
  return undefined;
}

function amount(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : 0;
}
