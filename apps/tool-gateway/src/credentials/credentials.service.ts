import { Injectable } from '@nestjs/common';
import { CredentialsApi } from '#contract';
import type { Credential, CredentialQuery, RequestContext } from '#contract';
import { Database } from '#database';
import { SecretBox } from '../secret-box/secret-box.js';
import { CredentialsRepository } from './credentials.repository.js';
import { INSTALLATION, placeOf } from './credential-place.js';

const SYNCHRONOUS_CALL = /^call_/;
const AGENT_AS_SUBJECT = /^subject:(agent_.+)$/;

/** The secrets that nodes read: of the owner of a run, or of the installation where he has none. */
@Injectable()
export class CredentialsService extends CredentialsApi {
  constructor(
    private readonly database: Database,
    private readonly repository: CredentialsRepository,
    private readonly box: SecretBox,
  ) {
    super();
  }

  /**
   * For executors, which are believed what they say of a run. The run of a job belongs to the owner of the job's agent. So does that
   * of a call, whose context names either the tenant of the agent or, as its actor, the agent.
   */
  async readCredential(_ctx: RequestContext, query: CredentialQuery): Promise<Credential | undefined> {
    const owner = await this.ownerOf(query);
    const row = await this.repository.findActive(this.database, query.name, ownersFor(owner));
    if (row === undefined) return undefined;
    return { name: row.tool, version: row.version, secret: this.box.open(row.sealed, placeOf(row)) };
  }

  ping(): Promise<void> {
    return this.database.ping();
  }

  /** Names of the tools that have a credential for this owner; null: of whoever was not authenticated. */
  configuredTools(owner: string | null): Promise<string[]> {
    return this.repository.findConfigured(this.database, ownersFor(owner));
  }

  private async ownerOf({ run_id: runId, owner }: CredentialQuery): Promise<string | null> {
    const agentId = SYNCHRONOUS_CALL.test(runId) ? AGENT_AS_SUBJECT.exec(owner ?? '')?.[1] : undefined;
    const found = await this.repository.findAgentOwner(this.database, runId, agentId ?? null);
    return found === undefined ? (owner ?? null) : found;
  }
}

function ownersFor(owner: string | null): string[] {
  return owner === null ? [INSTALLATION] : [owner, INSTALLATION];
}
