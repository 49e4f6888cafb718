import { Injectable } from '@nestjs/common';
import type { Queryable } from '#database';
import type { ToolCredentialEntity } from '../tables/tool-credential.entity.js';

/** Which versions to find. */
export interface CredentialsPage {
  /** Null: of any owner, those of the installation included. */
  readonly owner: string | null;
  /** Null: of any tool. */
  readonly tool: string | null;
  /** Only older ones: the last version of the page before. */
  readonly olderThan: { readonly createdAt: string; readonly id: string };
  readonly limit: number;
}

const COLUMNS = `c.credential_id, c.owner, c.tool, c.version, c.sealed, c.metadata, c.is_active, c.created_at, c.activated_at`;

/** Every statement on `tool_credentials`, and who the owner of a run of this gateway is. */
@Injectable()
export class CredentialsRepository {
  /** Until the transaction ends nobody else adds or activates a version of this tool and owner. */
  async lock(tx: Queryable, owner: string, tool: string): Promise<void> {
    await tx.query(
      `select pg_advisory_xact_lock(hashtextextended('tool_credentials ' || $1::text || ' ' || $2::text, 0))`,
      [owner, tool],
    );
  }

  /** Versions that are no numbers do not count. */
  async nextVersion(tx: Queryable, owner: string, tool: string): Promise<string> {
    const rows = await tx.query<{ next: string }>(
      `select (coalesce(max(case when version ~ '^[0-9]{1,9}$' then version::int end), 0) + 1)::text as next
         from tool_credentials
        where owner = $1 and tool = $2`,
      [owner, tool],
    );
    return rows[0]?.next ?? '1';
  }

  /** @returns whether there was no such version */
  async insert(tx: Queryable, row: ToolCredentialEntity): Promise<boolean> {
    const rows = await tx.query(
      `insert into tool_credentials (credential_id, owner, tool, version, sealed, metadata, is_active, created_at)
       values ($1, $2, $3, $4, $5, $6, false, $7)
       on conflict (owner, tool, version) do nothing
       returning 1`,
      [row.credential_id, row.owner, row.tool, row.version, row.sealed, row.metadata, row.created_at],
    );
    return rows.length > 0;
  }

  async deactivate(tx: Queryable, owner: string, tool: string): Promise<void> {
    await tx.query(`update tool_credentials set is_active = false where owner = $1 and tool = $2 and is_active`, [
      owner,
      tool,
    ]);
  }

  /** @returns undefined when it is not there any more */
  async activate(tx: Queryable, credentialId: string, at: Date): Promise<ToolCredentialEntity | undefined> {
    const rows = await tx.query<ToolCredentialEntity>(
      `update tool_credentials c set is_active = true, activated_at = $2 where c.credential_id = $1 returning ${COLUMNS}`,
      [credentialId, at],
    );
    return rows[0];
  }

  async find(db: Queryable, credentialId: string): Promise<ToolCredentialEntity | undefined> {
    const rows = await db.query<ToolCredentialEntity>(
      `select ${COLUMNS} from tool_credentials c where c.credential_id = $1`,
      [credentialId],
    );
    return rows[0];
  }

  /** The active version of the owner, else that of the installation. */
  async findActive(db: Queryable, tool: string, owners: readonly string[]): Promise<ToolCredentialEntity | undefined> {
    const rows = await db.query<ToolCredentialEntity>(
      `select ${COLUMNS}
         from tool_credentials c
        where c.tool = $1 and c.owner = any($2::text[]) and c.is_active
        order by c.owner = ''
        limit 1`,
      [tool, owners],
    );
    return rows[0];
  }

  /** Newest first. */
  async findPage(db: Queryable, page: CredentialsPage): Promise<ToolCredentialEntity[]> {
    return db.query<ToolCredentialEntity>(
      `select ${COLUMNS}
         from tool_credentials c
        where ($1::text is null or c.owner = $1) and ($2::text is null or c.tool = $2)
          and (c.created_at, c.credential_id) < ($3::timestamptz, $4::text)
        order by c.created_at desc, c.credential_id desc
        limit $5::int`,
      [page.owner, page.tool, page.olderThan.createdAt, page.olderThan.id, page.limit],
    );
  }

  /** Names that have an active version of one of these owners. */
  async findConfigured(db: Queryable, owners: readonly string[]): Promise<string[]> {
    const rows = await db.query<{ tool: string }>(
      `select distinct tool from tool_credentials where is_active and owner = any($1::text[]) order by tool`,
      [owners],
    );
    return rows.map(({ tool }) => tool);
  }

  /** @returns whether it was there and, unless `evenActive`, not active */
  async delete(db: Queryable, credentialId: string, evenActive: boolean): Promise<boolean> {
    const rows = await db.query(
      `delete from tool_credentials where credential_id = $1 and ($2::boolean or not is_active) returning 1`,
      [credentialId, evenActive],
    );
    return rows.length > 0;
  }

  /** Secrets under another master key. */
  async findSealedOtherwise(db: Queryable, keyName: string): Promise<ToolCredentialEntity[]> {
    return db.query<ToolCredentialEntity>(
      `select ${COLUMNS} from tool_credentials c where split_part(c.sealed, '.', 2) <> $1`,
      [keyName],
    );
  }

  /** Does nothing where somebody else has replaced it meanwhile. */
  async replaceSealed(db: Queryable, credentialId: string, from: string, to: string): Promise<void> {
    await db.query(`update tool_credentials set sealed = $3 where credential_id = $1 and sealed = $2`, [
      credentialId,
      from,
      to,
    ]);
  }

  /**
   * The agent for which a run of this gateway works: that of the job with this id, while it has not ended, else the one
   * of this id.
   *
   * @returns its owner, null without one; undefined when there is neither
   */
  async findAgentOwner(db: Queryable, jobId: string, agentId: string | null): Promise<string | null | undefined> {
    const rows = await db.query<{ owner: string | null }>(
      `select a.owner
         from tool_agents a
        where a.agent_id = coalesce((select j.agent_id from tool_jobs j where j.job_id = $1 and j.finished_at is null), $2)`,
      [jobId, agentId],
    );
    return rows[0]?.owner;
  }
}
