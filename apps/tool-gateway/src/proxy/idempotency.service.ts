import { Inject, Injectable } from '@nestjs/common';
import { createHash, randomUUID } from 'node:crypto';
import { stringify } from 'safe-stable-stringify';
import { AppError, ERROR_CATALOGUE } from '#contract';
import type { ErrorCode } from '#contract';
import { Database } from '#database';
import type { Queryable } from '#database';
import { LOGGER } from '#http';
import type { Logger } from '#http';
import { AnswersRepository } from './answers.repository.js';
import type { AnswerHolder, KnownAnswer } from './answers.repository.js';

const KEPT_MS = 24 * 3_600_000;
/** For reading and writing, beside the time of the call itself. */
const LEASE_MARGIN_MS = 10_000;
const TRIES = 3;

/** A request that came with a key. */
export interface KeyedRequest {
  readonly agentId: string;
  readonly key: string;
  /** What the request is: the same for the same key, or it is a conflict. JSON. */
  readonly request: unknown;
  /** Whether it may be begun again when whoever was at it is gone. */
  readonly mayBeginAgain: boolean;
  /** How long the call itself may take, in milliseconds. */
  readonly callMs: number;
}

/** What a key was answered: JSON, or the error. */
export interface KeptAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** The key is ours: whoever has this answers, and says what becomes of it. */
export type Hold = Omit<AnswerHolder, 'leaseMs'>;

/** The same key with the same request is one call, for a day. Keys of agents never meet. */
@Injectable()
export class IdempotencyService {
  constructor(
    private readonly database: Database,
    private readonly repository: AnswersRepository,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * @returns the first answer, or the hold of whoever is to give it
   * @throws AppError idempotency_conflict, idempotency_in_progress, database_unavailable; what the first request failed with
   */
  async begin({ agentId, key, request, mayBeginAgain, callMs }: KeyedRequest): Promise<Hold | KeptAnswer> {
    const leaseMs = callMs + LEASE_MARGIN_MS;
    const hold = { agent_id: agentId, key_hash: sha256(key), holder: randomUUID() };
    const requestHash = sha256(stringify(request) ?? '');
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (await this.repository.claim(this.database, { ...hold, leaseMs }, requestHash, KEPT_MS)) return hold;
      const known = await this.repository.find(this.database, hold);
      if (known === undefined) continue;
      if (known.request_hash !== requestHash) throw new AppError('idempotency_conflict', { message: CONFLICT });
      if (known.answer !== null) return readAnswer(known);
      if (known.is_held) throw inProgress();
      if (!(await this.repository.takeOver(this.database, { ...hold, leaseMs }, known.holder))) continue;
      if (mayBeginAgain) return hold;
      // It may have been sent by whoever held the key.
      await this.fail(hold, new AppError('tool_outcome_unknown'));
    }
    throw inProgress();
  }

  /**
   * Keeps the answer; within a transaction when it is true only together with what else is written.
   *
   * @throws AppError idempotency_in_progress when somebody else has taken over
   */
  async settle(db: Queryable, hold: Hold, { status, body }: KeptAnswer): Promise<void> {
    if (!(await this.repository.settle(db, hold, { status, answer: JSON.stringify(body) }))) throw inProgress();
  }

  /** Keeps an answer that is given in any case; when it cannot be kept, the lease passes, and the next is told what is known then. */
  async keep(hold: Hold, answer: KeptAnswer): Promise<void> {
    await this.settle(this.database, hold, answer).catch((error: unknown) => {
      this.logger.error({ err: error, agent_id: hold.agent_id }, 'the answer to an idempotency key could not be kept');
    });
  }

  /** Keeps an error as the answer. */
  async keepError(hold: Hold, { code, message, details, status }: AppError): Promise<void> {
    await this.keep(hold, { status, body: { error: { code, message, details } } });
  }

  /** Nothing was sent: the same key may be used again at once. */
  async release(hold: Hold): Promise<void> {
    await this.repository.release(this.database, hold).catch((error: unknown) => {
      this.logger.warn({ err: error, agent_id: hold.agent_id }, 'an idempotency key could not be released');
    });
  }

  private async fail(hold: Hold, error: AppError): Promise<never> {
    await this.keepError(hold, error);
    throw error;
  }
}

const CONFLICT = 'The idempotency key was used before with another request.';

export function isKept(found: Hold | KeptAnswer): found is KeptAnswer {
  return 'status' in found;
}

function inProgress(): AppError {
  return new AppError('idempotency_in_progress', { details: { retry_after: 1 } });
}

/** @throws AppError the kept one */
function readAnswer({ status, answer }: KnownAnswer): KeptAnswer {
  const body = JSON.parse(answer ?? '{}') as Record<string, unknown>;
  const error = body['error'] as { code: string; message: string; details?: Record<string, unknown> } | undefined;
  if (error === undefined) return { status: status ?? 200, body };
  const code = error.code in ERROR_CATALOGUE ? (error.code as ErrorCode) : 'tool_outcome_unknown';
  throw new AppError(code, { message: error.message, details: { ...error.details, idempotent_replay: true } });
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
