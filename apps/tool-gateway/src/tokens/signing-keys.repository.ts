import { Injectable } from '@nestjs/common';
import type { Queryable } from '#database';
import type { ToolSigningKeyEntity } from '../tables/tool-signing-key.entity.js';

const COLUMNS = `key_id, public_jwk, private_key, created_at, retired_at`;

/** Every statement on `tool_signing_keys`. */
@Injectable()
export class SigningKeysRepository {
  /** Until the transaction ends nobody else makes or retires a key. */
  async lock(tx: Queryable): Promise<void> {
    await tx.query(`select pg_advisory_xact_lock(hashtextextended('tool_signing_keys', 0))`, []);
  }

  /** Oldest first. */
  async findAll(db: Queryable): Promise<ToolSigningKeyEntity[]> {
    return db.query<ToolSigningKeyEntity>(`select ${COLUMNS} from tool_signing_keys order by created_at, key_id`, []);
  }

  /** The one that signs. */
  async findCurrent(db: Queryable): Promise<ToolSigningKeyEntity | undefined> {
    const rows = await db.query<ToolSigningKeyEntity>(
      `select ${COLUMNS} from tool_signing_keys where retired_at is null order by created_at desc, key_id limit 1`,
      [],
    );
    return rows[0];
  }

  async insert(tx: Queryable, key: ToolSigningKeyEntity): Promise<void> {
    await tx.query(
      `insert into tool_signing_keys (key_id, public_jwk, private_key, created_at, retired_at) values ($1, $2, $3, $4, $5)`,
      [key.key_id, key.public_jwk, key.private_key, key.created_at, key.retired_at],
    );
  }

  async retireAll(tx: Queryable, at: Date): Promise<void> {
    await tx.query(`update tool_signing_keys set retired_at = $1 where retired_at is null`, [at]);
  }

  /** Private keys under another master key. */
  async findSealedOtherwise(db: Queryable, keyName: string): Promise<ToolSigningKeyEntity[]> {
    return db.query<ToolSigningKeyEntity>(
      `select ${COLUMNS} from tool_signing_keys where split_part(private_key, '.', 2) <> $1`,
      [keyName],
    );
  }

  /** Does nothing where somebody else has replaced it meanwhile. */
  async replaceSealed(db: Queryable, keyId: string, from: string, to: string): Promise<void> {
    await db.query(`update tool_signing_keys set private_key = $3 where key_id = $1 and private_key = $2`, [
      keyId,
      from,
      to,
    ]);
  }

  async deleteRetired(db: Queryable, retiredBefore: Date): Promise<void> {
    await db.query(`delete from tool_signing_keys where retired_at < $1`, [retiredBefore]);
  }
}
