import { Inject, Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { AppError } from '#contract';
import type { Issue, RequestContext } from '#contract';
import { Database } from '#database';
import type { Queryable } from '#database';
import { invalidRequest } from '#http';
import { AgentsService } from '../agents/agents.service.js';
import { TOOL_GATEWAY_OPTIONS } from '../tool-gateway-options.js';
import type { ToolGatewayOptions } from '../tool-gateway-options.js';
import { TOOL_NAME } from '../tools/tool-name.js';
import type { GeneratedToken } from './agent-token-answers.js';
import { signAgentToken } from './agent-token.js';
import { AgentTokensRepository } from './agent-tokens.repository.js';
import { readAssertion, verifyAssertion } from './assertion.js';
import type { Assertion } from './assertion.js';
import { SigningKeysService } from './signing-keys.service.js';
import { expiryOf } from './token-expiry.js';
import { inactiveAgent, tokenHash, usedIdHash } from './token-facts.js';
import type { GenerateTokenRequest } from './token-requests.js';

/** Who asks, as far as it is known: a name, and the assertion that proves it. */
interface Applicant {
  readonly agentName: string;
  /** Undefined: minted without. */
  readonly assertion: Assertion | undefined;
}

const TOOLS_AT_MOST = 100;
const PERMISSIONS = ['read', 'write'];
const INTENT_AT_MOST = 200;
const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/;

/** Issues agent tokens to whoever has a key of the agent. */
@Injectable()
export class MintingService {
  constructor(
    private readonly database: Database,
    private readonly repository: AgentTokensRepository,
    private readonly agents: AgentsService,
    private readonly signingKeys: SigningKeysService,
    @Inject(TOOL_GATEWAY_OPTIONS) private readonly options: ToolGatewayOptions,
  ) {}

  /**
   * @throws AppError invalid_request; agent_assertion_invalid for an agent that is not there too; agent_assertion_replayed;
   * agent_inactive; agent_not_found where no assertion is needed
   */
  async mint(_ctx: RequestContext, request: GenerateTokenRequest): Promise<GeneratedToken> {
    const now = new Date();
    refuseClaims(request);
    const isLegacy = request.assertion === undefined && this.options.legacyMinting;
    const expiresAt = expiryOf(request, now, isLegacy);
    const applicant = isLegacy ? await this.named(request.agent_id) : await this.proven(request, now);
    const claims = {
      agentId: request.agent_id,
      tools: [...new Set(request.tools)],
      permissions: [...new Set(request.permissions)],
      intent: request.intent,
      dpopJkt: request.dpop_jkt,
      issuedAt: Math.floor(now.getTime() / 1_000),
      expiresAt,
      tokenId: `token_${randomUUID()}`,
    };
    const token = await signAgentToken(claims, await this.signingKeys.current());
    await this.database.transaction(async (tx) => {
      await this.useAssertion(tx, request.agent_id, applicant.assertion);
      await this.repository.insertToken(tx, {
        token_id: claims.tokenId,
        agent_id: claims.agentId,
        token_hash: tokenHash(token),
        tools: claims.tools,
        permissions: claims.permissions,
        intent: claims.intent ?? null,
        dpop_jkt: claims.dpopJkt ?? null,
        issued_at: new Date(claims.issuedAt * 1_000),
        expires_at: new Date(expiresAt * 1_000),
        revoked_at: null,
      });
    });
    return {
      agent_token: token,
      token_id: claims.tokenId,
      expires_at: new Date(expiresAt * 1_000).toISOString(),
      agent_name: applicant.agentName,
    };
  }

  private async proven(request: GenerateTokenRequest, now: Date): Promise<Applicant> {
    const { agent_id: agentId, assertion: text } = request;
    if (text === undefined) {
      throw new AppError('agent_assertion_invalid', {
        message: 'assertion is required: a JWT that the agent signed with its key.',
      });
    }
    const assertion = readAssertion(text, request, this.options.audiences, now);
    const found = await this.agents.findWithKeys(agentId);
    // An agent that is not there has no keys: who has none of its keys is not told which.
    await verifyAssertion(text, request, found?.keys ?? [], now);
    if (found?.agent.status !== 'active') throw inactiveAgent(agentId);
    return { agentName: found.agent.name, assertion };
  }

  private async named(agentId: string): Promise<Applicant> {
    const found = await this.agents.findWithKeys(agentId);
    if (found === undefined) {
      throw new AppError('agent_not_found', {
        message: `There is no agent ${agentId}.`,
        details: { agent_id: agentId },
      });
    }
    if (found.agent.status !== 'active') throw inactiveAgent(agentId);
    return { agentName: found.agent.name, assertion: undefined };
  }

  /** In the transaction that keeps the token: an assertion is used when there is a token for it. */
  private async useAssertion(tx: Queryable, agentId: string, assertion: Assertion | undefined): Promise<void> {
    if (assertion === undefined) return;
    const isFirst = await this.repository.useId(tx, {
      kind: 'assertion',
      id_hash: usedIdHash(agentId, assertion.id),
      expires_at: assertion.expiresAt,
    });
    if (!isFirst) throw new AppError('agent_assertion_replayed');
  }
}

function refuseClaims({ tools, permissions, intent, dpop_jkt: jkt }: GenerateTokenRequest): void {
  const issues: Issue[] = [];
  if (tools.length > TOOLS_AT_MOST || !tools.every((tool) => TOOL_NAME.test(tool))) {
    issues.push({ path: 'tools', message: `must be at most ${TOOLS_AT_MOST} names of tools, such as http_fetch` });
  }
  if (!permissions.every((permission) => PERMISSIONS.includes(permission))) {
    issues.push({ path: 'permissions', message: `must be of ${PERMISSIONS.join(', ')}` });
  }
  if (intent !== undefined && (intent.trim() === '' || intent.length > INTENT_AT_MOST || /\p{Cc}/u.test(intent))) {
    issues.push({ path: 'intent', message: `must have 1 to ${INTENT_AT_MOST} characters and no control characters` });
  }
  if (jkt !== undefined && !THUMBPRINT.test(jkt)) {
    issues.push({ path: 'dpop_jkt', message: 'must be a JWK thumbprint: SHA-256 in base64url, 43 characters' });
  }
  if (issues.length > 0) throw invalidRequest(issues);
}
