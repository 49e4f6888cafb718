import { AppError } from '#contract';
import type { ErrorBody } from './error-body.js';

/** Cause of an error of a client, or of who decides which client to use: nothing can have reached the peer. */
export class NotSentError extends Error {
  override readonly name = 'NotSentError';

  constructor(cause: unknown) {
    super(`the request was not sent: ${cause instanceof Error ? cause.message || cause.name : String(cause)}`, {
      cause,
    });
  }
}

/** Cause of an error of a client: the peer answered, with something else than success. */
export class PeerAnswerError extends Error {
  override readonly name = 'PeerAnswerError';
  /** @param text the body, of which the beginning is shown where nothing could be read out of it */
  constructor(
    readonly status: number,
    readonly said: ErrorBody,
    text: string,
  ) {
    super(`the peer answered ${status}: ${said.code ?? ''} ${said.message ?? text.slice(0, 200)}`.trim());
  }
}

/**
 * Whether the request that ended with `error` certainly did not reach the peer: refused connection, no connection in time, unknown
 * host, failed TLS handshake, or given up before it was tried. Then even what must not happen twice may be tried again. False says
 * nothing: the request may have arrived or not.
 *
 * @param error what a method of a client of this lib rejected with
 */
export function wasNotSent(error: unknown): boolean {
  return error instanceof AppError && error.cause instanceof NotSentError;
}

/**
 * Whether the peer answered that it lets nobody in with our token, or that it cannot tell because its identity provider is away. Like
 * a request that was not sent, nothing of it was done, and it may be let in later.
 *
 * @param error what a method of a client of this lib rejected with
 */
export function wasTurnedAway(error: unknown): boolean {
  const answer = peerAnswerOf(error);
  return answer?.status === 401 || (answer?.status === 503 && answer.code === 'identity_provider_unavailable');
}

/** What a peer answered that was not a success. */
export interface PeerAnswer {
  /** HTTP status. */
  readonly status: number;
  /** From its error envelope; undefined when it sent none, or none with this. */
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly details: Record<string, unknown> | undefined;
}

/**
 * What the peer answered, when `error` comes from an answer: its HTTP status and what its envelope says. Undefined when there was
 * no answer, or a success that is not the contract.
 *
 * @param error what a method of a client of this lib rejected with
 */
export function peerAnswerOf(error: unknown): PeerAnswer | undefined {
  if (!(error instanceof AppError && error.cause instanceof PeerAnswerError)) return undefined;
  const { status, said } = error.cause;
  return { status, code: said.code, message: said.message, details: said.details };
}
