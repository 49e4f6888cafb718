import { Injectable } from '@nestjs/common';
import type { Queryable } from '#database';
import type { ToolAnswerEntity } from '../tables/tool-answer.entity.js';

export type AnswerKey = Pick<ToolAnswerEntity, 'agent_id' | 'key_hash'>;

/** Who answers, and for how long he is believed to be at work. */
export interface AnswerHolder extends AnswerKey {
  readonly holder: string;
  readonly leaseMs: number;
}

/** What is there under a key. */
export type KnownAnswer = Pick<ToolAnswerEntity, 'request_hash' | 'holder' | 'status'> & {
  /** JSON, as text: jsonb does not take every string that JSON has. Null: there is no answer yet. */
  readonly answer: string | null;
  /** Whether its holder is believed to be at work. */
  readonly is_held: boolean;
};

/** What idempotency keys were answered. The clock is that of the database: several gateways look at the same leases. */
@Injectable()
export class AnswersRepository {
  /** @returns whether the key is ours now: nobody had it, or it has expired */
  async claim(
    db: Queryable,
    { agent_id, key_hash, holder, leaseMs }: AnswerHolder,
    requestHash: string,
    keptMs: number,
  ): Promise<boolean> {
    const rows = await db.query(
      `insert into tool_answers as a (agent_id, key_hash, request_hash, holder, lease_until, created_at, expires_at)
       values ($1, $2, $3, $4, now() + $5 * interval '1 millisecond', now(), now() + $6 * interval '1 millisecond')
       on conflict (agent_id, key_hash) do update
          set request_hash = excluded.request_hash, holder = excluded.holder, lease_until = excluded.lease_until,
              status = null, answer = null, created_at = excluded.created_at, expires_at = excluded.expires_at
        where a.expires_at <= now() and coalesce(a.lease_until <= now(), true)
       returning a.holder`,
      [agent_id, key_hash, requestHash, holder, leaseMs, keptMs],
    );
    return rows.length === 1;
  }

  async find(db: Queryable, { agent_id, key_hash }: AnswerKey): Promise<KnownAnswer | undefined> {
    const [row] = await db.query<KnownAnswer>(
      `select request_hash, holder, status, answer #>> '{}' as answer, coalesce(lease_until > now(), false) as is_held
         from tool_answers
        where agent_id = $1 and key_hash = $2`,
      [agent_id, key_hash],
    );
    return row;
  }

  /** Takes the place of a holder whose lease has passed. @returns whether it is ours now, and nobody else's */
  async takeOver(
    db: Queryable,
    { agent_id, key_hash, holder, leaseMs }: AnswerHolder,
    former: string,
  ): Promise<boolean> {
    const rows = await db.query(
      `update tool_answers set holder = $3, lease_until = now() + $4 * interval '1 millisecond'
        where agent_id = $1 and key_hash = $2 and holder = $5 and lease_until <= now()
       returning holder`,
      [agent_id, key_hash, holder, leaseMs, former],
    );
    return rows.length === 1;
  }

  /**
   * Keeps the answer.
   *
   * @param answer JSON
   * @returns false when somebody else has taken the place of the holder
   */
  async settle(
    db: Queryable,
    { agent_id, key_hash, holder }: Omit<AnswerHolder, 'leaseMs'>,
    { status, answer }: { readonly status: number; readonly answer: string },
  ): Promise<boolean> {
    const rows = await db.query(
      `update tool_answers set lease_until = null, status = $4, answer = to_jsonb($5::text)
        where agent_id = $1 and key_hash = $2 and holder = $3 and lease_until is not null
       returning holder`,
      [agent_id, key_hash, holder, status, answer],
    );
    return rows.length === 1;
  }

  /** Forgets a key under which nothing was sent. */
  async release(db: Queryable, { agent_id, key_hash, holder }: Omit<AnswerHolder, 'leaseMs'>): Promise<void> {
    await db.query(
      `delete from tool_answers where agent_id = $1 and key_hash = $2 and holder = $3 and lease_until is not null`,
      [agent_id, key_hash, holder],
    );
  }
}
