import { peerAnswerOf } from '#clients';
import { AppError, ERROR_CATALOGUE } from '#contract';

/** An executor's answer that it does not take a request as it is. Nothing of it has run, and nothing would when it is sent again. */
export interface Refusal {
  /**
   * What the executor said when our catalogue has it, else `atomic_executor_unavailable`; so too when it said that this coordinator may
   * not do this: whoever started the run can do nothing about it.
   */
  readonly code: string;
  readonly message: string;
  readonly details: Record<string, unknown> | undefined;
}

/** With these nobody answers a request after it has been worked on. For 401 see `wasTurnedAway`. */
const BEFORE_WORK: readonly number[] = [400, 403, 404, 405, 413, 415, 431];

/**
 * Reads a refusal out of what an atomic executor rejected with. Without an ErrorEnvelope it may be anybody's answer, such as that of
 * a proxy, and is none.
 *
 * @param error from an executor over HTTP or from one in this process
 */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof AppError)) return undefined;
  const { status, code, message, details } = peerAnswerOf(error) ?? error;
  if (code === undefined) return undefined;
  const isOurs = Object.hasOwn(ERROR_CATALOGUE, code);
  // A conflict is one with what is there already: that may be the work itself.
  const isConflictBefore = status === 409 && isOurs && code !== 'node_run_already_terminal';
  if (!BEFORE_WORK.includes(status) && !isConflictBefore) return undefined;
  return {
    code: isOurs && code !== 'forbidden' ? code : 'atomic_executor_unavailable',
    message: `The atomic executor refused the node run (${status} ${code})${message === undefined ? '.' : `: ${message}`}`,
    details,
  };
}
