import { Injectable } from '@nestjs/common';
import { ownerBorder } from '#auth';
import { AppError } from '#contract';
import type { RequestContext } from '#contract';
import { Database } from '#database';
import { DEFAULT_PAGE_SIZE, instantOf, NEWEST, Pages } from '#http';
import { AgentsService } from '../agents/agents.service.js';
import type { PageOptions } from '../agents/agents.service.js';
import type { ToolTokenEntity } from '../tables/tool-token.entity.js';
import type { AgentGrant } from './agent-grant.js';
import type { AgentToken, AgentTokenList, RevokedToken } from './agent-token-answers.js';
import { readAgentToken } from './agent-token.js';
import type { AgentTokenClaims } from './agent-token.js';
import { AgentTokensRepository } from './agent-tokens.repository.js';
import { invalidProof, readDpopProof } from './dpop-proof.js';
import type { DpopProof, ProvedPossession } from './dpop-proof.js';
import { inactiveAgent, tokenHash, usedIdHash } from './token-facts.js';
import { SigningKeysService } from './signing-keys.service.js';

/** A token as a call brings it. */
export interface PresentedToken {
  readonly token: string;
  /** The proof that came with it, if one did. Demanded of tokens that are bound to a key, else not looked at. */
  readonly dpop?: DpopProof;
  /** What the caller says the id of the token is. */
  readonly tokenId?: string;
}

/** Checks agent tokens, lists what is known of them, and revokes them. */
@Injectable()
export class AgentTokensService {
  constructor(
    private readonly database: Database,
    private readonly repository: AgentTokensRepository,
    private readonly agents: AgentsService,
    private readonly signingKeys: SigningKeysService,
  ) {}

  /**
   * What a token lets its agent do. Signature, times and proof come first and ask nobody; then one look at the database tells whether
   * token and agent are still good, in whichever process they were revoked; at last a proof is used up.
   *
   * @throws AppError agent_token_invalid, agent_token_expired, agent_token_revoked, dpop_proof_invalid, agent_inactive
   */
  async verify(_ctx: RequestContext, { token, dpop, tokenId }: PresentedToken): Promise<AgentGrant> {
    const now = new Date();
    const claims = await readAgentToken(token, (keyId) => this.signingKeys.find(keyId), now);
    if (tokenId !== undefined && tokenId !== claims.tokenId) {
      throw new AppError('agent_token_invalid', { message: 'token_id is not the id of this agent token.' });
    }
    const proved = await this.readProof(token, claims, dpop, now);
    const inUse = await this.repository.findInUse(this.database, claims.tokenId, claims.agentId);
    if (inUse?.token_hash !== tokenHash(token)) throw new AppError('agent_token_invalid');
    if (inUse.revoked_at !== null) throw new AppError('agent_token_revoked');
    if (inUse.status !== 'active') throw inactiveAgent(claims.agentId);
    await this.useProof(claims, proved);
    return {
      agentId: claims.agentId,
      agentName: inUse.name,
      role: inUse.role,
      owner: inUse.owner,
      tools: claims.tools,
      permissions: claims.permissions,
      ...(claims.intent === undefined ? {} : { intent: claims.intent }),
      tokenId: claims.tokenId,
      issuedAt: new Date(claims.issuedAt * 1_000),
      expiresAt: new Date(claims.expiresAt * 1_000),
    };
  }

  /**
   * The tokens of an agent, or those of all agents that the caller may see; newest first.
   *
   * @throws AppError agent_not_found
   */
  async list(ctx: RequestContext, agentId: string | undefined, options: PageOptions): Promise<AgentTokenList> {
    const { limit = DEFAULT_PAGE_SIZE, pageToken } = options;
    if (agentId !== undefined) await this.agents.find(ctx, agentId);
    const pages = new Pages(['agent_tokens', agentId ?? null]);
    const found = await this.repository.findPage(this.database, {
      owner: ownerBorder(ctx.principal) ?? null,
      agentId: agentId ?? null,
      olderThan: pages.read(pageToken) ?? NEWEST,
      limit: limit + 1,
    });
    const { items, pagination } = pages.of(found, limit, ({ issued_at, token_id }) => ({
      createdAt: instantOf(issued_at),
      id: token_id,
    }));
    return { tokens: items.map(presentToken), pagination };
  }

  /**
   * Refuses a token from now on, everywhere. One that was revoked before stays revoked since then.
   *
   * @throws AppError agent_token_not_found
   */
  async revoke({ principal }: RequestContext, tokenId: string): Promise<RevokedToken> {
    const owner = ownerBorder(principal) ?? null;
    const revokedAt = await this.repository.revoke(this.database, tokenId, owner, new Date());
    if (revokedAt === undefined) {
      throw new AppError('agent_token_not_found', {
        message: `There is no agent token ${tokenId}.`,
        details: { token_id: tokenId },
      });
    }
    return { message: 'The token is revoked.', token_id: tokenId, revoked_at: revokedAt.toISOString() };
  }

  private async readProof(
    token: string,
    { dpopJkt: jkt }: AgentTokenClaims,
    dpop: DpopProof | undefined,
    now: Date,
  ): Promise<ProvedPossession | undefined> {
    if (jkt === undefined) return undefined;
    if (dpop === undefined) throw invalidProof('the token is bound to a key, and the header DPoP is missing');
    return readDpopProof(dpop, { token, jkt, now });
  }

  private async useProof({ dpopJkt }: AgentTokenClaims, proved: ProvedPossession | undefined): Promise<void> {
    if (dpopJkt === undefined || proved === undefined) return;
    const isFirst = await this.repository.useId(this.database, {
      kind: 'dpop',
      id_hash: usedIdHash(dpopJkt, proved.id),
      expires_at: proved.expiresAt,
    });
    if (!isFirst) throw invalidProof('it was used before; sign a new one for each request');
  }
}

function presentToken(row: ToolTokenEntity): AgentToken {
  return {
    token_id: row.token_id,
    agent_id: row.agent_id,
    tools: row.tools,
    permissions: row.permissions,
    ...(row.intent === null ? {} : { intent: row.intent }),
    ...(row.dpop_jkt === null ? {} : { dpop_jkt: row.dpop_jkt }),
    issued_at: row.issued_at.toISOString(),
    expires_at: row.expires_at.toISOString(),
    revoked: row.revoked_at !== null,
    ...(row.revoked_at === null ? {} : { revoked_at: row.revoked_at.toISOString() }),
  };
}
