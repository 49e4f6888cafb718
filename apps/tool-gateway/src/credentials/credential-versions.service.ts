import { Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { mayReach, ownerBorder } from '#auth';
import { AppError } from '#contract';
import type { Issue, Principal, RequestContext } from '#contract';
import { Database } from '#database';
import type { Transaction } from '#database';
import { DEFAULT_PAGE_SIZE, instantOf, invalidRequest, NEWEST, Pages } from '#http';
import { SecretBox } from '../secret-box/secret-box.js';
import type { ToolCredentialEntity } from '../tables/tool-credential.entity.js';
import { TOOL_NAME } from '../tools/tool-name.js';
import { INSTALLATION, placeOf } from './credential-place.js';
import type { SetCredentialRequest } from './credential-requests.js';
import { CredentialsRepository } from './credentials.repository.js';
import type { StoredCredential, StoredCredentialList } from './stored-credential.js';

/** Which page of a listing. */
interface PageOptions {
  readonly limit?: number;
  readonly pageToken?: string;
}

const VERSION = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
const SECRET_AT_MOST = 16_384;
const METADATA_AT_MOST = 16_384;

/**
 * Versions of credentials, as people manage them. Whoever sees all tenants (`tenant.all`), and everybody where nobody is
 * authenticated, sets those of the installation; all others set their own. Somebody else's are as if they were not there.
 */
@Injectable()
export class CredentialVersionsService implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly repository: CredentialsRepository,
    private readonly box: SecretBox,
  ) {}

  /** @throws StartupError when a secret is under a master key that is not there */
  async onModuleInit(): Promise<void> {
    const rows = await this.repository.findSealedOtherwise(this.database, this.box.keyName);
    const sealed = rows.map((row) => ({ ...row, place: placeOf(row) }));
    for (const { row, resealed } of this.box.rewrapAll(sealed)) {
      await this.repository.replaceSealed(this.database, row.credential_id, row.sealed, resealed);
    }
  }

  /**
   * Keeps a version, which is not used yet.
   *
   * @throws AppError invalid_request, credential_version_exists
   */
  async set({ principal }: RequestContext, request: SetCredentialRequest): Promise<StoredCredential> {
    refuseRequest(request);
    return presentCredential(await this.database.transaction((tx) => this.keep(tx, ownerFor(principal), request)));
  }

  /**
   * Keeps a version and uses it from now on.
   *
   * @throws AppError invalid_request, credential_version_exists
   */
  async rotate({ principal }: RequestContext, request: SetCredentialRequest): Promise<StoredCredential> {
    refuseRequest(request);
    const row = await this.database.transaction(async (tx) => {
      const kept = await this.keep(tx, ownerFor(principal), request);
      return this.switchTo(tx, kept);
    });
    return presentCredential(row);
  }

  /**
   * Uses a version from now on, instead of the one that was.
   *
   * @throws AppError credential_not_found
   */
  async activate({ principal }: RequestContext, id: string): Promise<StoredCredential> {
    const found = await this.reachable(principal, id);
    const row = await this.database.transaction(async (tx) => {
      await this.repository.lock(tx, found.owner, found.tool);
      return this.switchTo(tx, found);
    });
    return presentCredential(row);
  }

  /** Versions of all tools or of one, newest first. */
  async list(
    { principal }: RequestContext,
    tool: string | undefined,
    options: PageOptions,
  ): Promise<StoredCredentialList> {
    const { limit = DEFAULT_PAGE_SIZE, pageToken } = options;
    const pages = new Pages(['credentials', tool ?? null]);
    const found = await this.repository.findPage(this.database, {
      owner: ownerBorder(principal) ?? null,
      tool: tool ?? null,
      olderThan: pages.read(pageToken) ?? NEWEST,
      limit: limit + 1,
    });
    const { items, pagination } = pages.of(found, limit, ({ created_at, credential_id }) => ({
      createdAt: instantOf(created_at),
      id: credential_id,
    }));
    return { credentials: items.map(presentCredential), pagination };
  }

  /**
   * The version that is used, of those that the caller sets.
   *
   * @throws AppError credential_not_found
   */
  async getActive({ principal }: RequestContext, tool: string): Promise<StoredCredential> {
    const row = await this.repository.findActive(this.database, tool, [ownerFor(principal)]);
    if (row === undefined) throw notFound({ tool });
    return presentCredential(row);
  }

  /**
   * @param force deletes the active version too: for a secret that leaked, whatever stops working then
   * @throws AppError credential_not_found, credential_in_use
   */
  async remove({ principal }: RequestContext, id: string, force: boolean): Promise<void> {
    const { tool, version } = await this.reachable(principal, id);
    if (await this.repository.delete(this.database, id, force)) return;
    await this.reachable(principal, id);
    throw new AppError('credential_in_use', { details: { id, tool, version } });
  }

  private async keep(tx: Transaction, owner: string, request: SetCredentialRequest): Promise<ToolCredentialEntity> {
    const { tool, credential, metadata } = request;
    await this.repository.lock(tx, owner, tool);
    const version = request.version ?? (await this.repository.nextVersion(tx, owner, tool));
    const id = `credential_${randomUUID()}`;
    const row = {
      credential_id: id,
      owner,
      tool,
      version,
      sealed: this.box.seal(credential, placeOf({ credential_id: id, tool, owner })),
      metadata: metadata ?? null,
      is_active: false,
      created_at: new Date(),
      activated_at: null,
    };
    if (await this.repository.insert(tx, row)) return row;
    throw new AppError('credential_version_exists', { details: { tool, version } });
  }

  private async switchTo(
    tx: Transaction,
    { credential_id: id, owner, tool }: ToolCredentialEntity,
  ): Promise<ToolCredentialEntity> {
    await this.repository.deactivate(tx, owner, tool);
    const activated = await this.repository.activate(tx, id, new Date());
    if (activated === undefined) throw notFound({ id });
    return activated;
  }

  private async reachable(principal: Principal, id: string): Promise<ToolCredentialEntity> {
    const row = await this.repository.find(this.database, id);
    if (row !== undefined && mayReach(principal, { owner: row.owner, runId: '' })) return row;
    throw notFound({ id });
  }
}

function ownerFor(principal: Principal): string {
  return ownerBorder(principal) ?? INSTALLATION;
}

function notFound(details: { readonly id: string } | { readonly tool: string }): AppError {
  return new AppError('credential_not_found', { details });
}

/** Repeats nothing of the request: somebody may have put the secret into the wrong field. */
function refuseRequest({ tool, version, credential, metadata }: SetCredentialRequest): void {
  const issues: Issue[] = [];
  if (!TOOL_NAME.test(tool)) {
    issues.push({ path: 'tool', message: 'must be the name of a tool, such as serpapi' });
  }
  if (version !== undefined && !VERSION.test(version)) {
    issues.push({ path: 'version', message: 'must have 1 to 64 letters, digits, _, . and -' });
  }
  if (credential === '' || credential.length > SECRET_AT_MOST) {
    issues.push({ path: 'credential', message: `must have 1 to ${SECRET_AT_MOST} characters` });
  }
  const problem = metadata === undefined ? undefined : problemOfMetadata(metadata);
  if (problem !== undefined) issues.push({ path: 'metadata', message: problem });
  if (issues.length > 0) throw invalidRequest(issues);
}

/** What is nested too deep to be written is too long too. */
function problemOfMetadata(metadata: object): string | undefined {
  const tooLong = `must have at most ${METADATA_AT_MOST} characters as JSON`;
  try {
    const text = JSON.stringify(metadata);
    if (text.length > METADATA_AT_MOST) return tooLong;
    // As JSON writes what jsonb cannot store; a backslash of the text is written twice.
    return /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/.test(text) ? 'must not hold U+0000 or half a character' : undefined;
  } catch {
    return tooLong;
  }
}

function presentCredential(row: ToolCredentialEntity): StoredCredential {
  return {
    id: row.credential_id,
    tool: row.tool,
    version: row.version,
    ...(row.owner === INSTALLATION ? {} : { owner: row.owner }),
    is_active: row.is_active,
    ...(row.metadata === null ? {} : { metadata: row.metadata }),
    created_at: row.created_at.toISOString(),
    ...(row.activated_at === null ? {} : { activated_at: row.activated_at.toISOString() }),
  };
}
