import { Injectable } from '@nestjs/common';
import type { Queryable } from '#database';
import type { SecretEntity } from './secret.entity.js';

/** Every statement on `secrets`, which is read once per process and has no bucket. */
@Injectable()
export class SecretsRepository {
  /** Of several that insert the same name at once, one wins; the others change nothing. */
  async insertSecret(tx: Queryable, secret: SecretEntity): Promise<void> {
    await tx.query(
      `insert into secrets (name, value, created_at) values ($1, $2, $3)
       on conflict (name) do nothing`,
      [secret.name, secret.value, secret.created_at],
    );
  }

  async findSecret(db: Queryable, name: string): Promise<string | undefined> {
    const rows = await db.query<Pick<SecretEntity, 'value'>>(`select value from secrets where name = $1`, [name]);
    return rows[0]?.value;
  }
}
