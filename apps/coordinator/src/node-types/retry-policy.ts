import type { RetryPolicy } from '../lifecycle/retry-decision.js';

const DEFAULTS = { initial_delay_ms: 1_000, multiplier: 2, max_delay_ms: 60_000 };
const MAX_ATTEMPTS = 100;
const MAX_DELAY_MS = 86_400_000;

/**
 * Reads `extensions["jarvis.retry"]` of a node type: `{ max_attempts, initial_delay_ms?, multiplier?, max_delay_ms? }`. What is
 * absent or unusable gets its default (1 s, 2, 60 s), what is out of bounds the bound (100 attempts, a day), as it may be written
 * by anybody. Without a usable `max_attempts` it is no policy: to be executed again a node type must say so.
 */
export function readRetryPolicy(value: unknown): RetryPolicy | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const written = value as Record<string, unknown>;
  const attempts = written['max_attempts'];
  if (typeof attempts !== 'number' || !(attempts >= 1)) return undefined;
  const initial = within(written['initial_delay_ms'], DEFAULTS.initial_delay_ms, 0, MAX_DELAY_MS);
  return {
    max_attempts: Math.floor(Math.min(attempts, MAX_ATTEMPTS)),
    initial_delay_ms: initial,
    multiplier: within(written['multiplier'], DEFAULTS.multiplier, 1, MAX_DELAY_MS),
    max_delay_ms: within(written['max_delay_ms'], Math.max(initial, DEFAULTS.max_delay_ms), initial, MAX_DELAY_MS),
  };
}

function within(value: unknown, fallback: number, minimum: number, maximum: number): number {
  if (typeof value !== 'number' || Number.isNaN(value)) return fallback;
  return Math.min(Math.max(value, minimum), maximum);
}
