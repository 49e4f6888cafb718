import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AppError } from '#contract';
import type { RequestContext } from '#contract';
import type { AgentGrant } from '../tokens/agent-grant.js';
import { AgentTokensService } from '../tokens/agent-tokens.service.js';
import { TOOL_GATEWAY_OPTIONS } from '../tool-gateway-options.js';
import type { ToolGatewayOptions } from '../tool-gateway-options.js';
import { presentedToken } from './presented-token.js';

/** Which agent a request comes from. */
@Injectable()
export class AgentAuthenticationService {
  constructor(
    private readonly tokens: AgentTokensService,
    @Inject(TOOL_GATEWAY_OPTIONS) private readonly options: ToolGatewayOptions,
  ) {}

  /**
   * @param inBody what the body says
   * @throws AppError agent_token_invalid, agent_token_expired, agent_token_revoked, dpop_proof_invalid, agent_inactive
   */
  async authenticate(
    ctx: RequestContext,
    request: FastifyRequest,
    inBody: { readonly token?: string | undefined; readonly tokenId?: string | undefined } = {},
  ): Promise<AgentGrant> {
    const presented = presentedToken(request, inBody.token);
    if (presented === undefined) {
      throw new AppError('agent_token_invalid', {
        message: 'The request has no agent token: send one as agent_token, or in the header Authorization.',
      });
    }
    const { token, proof } = presented;
    return this.tokens.verify(ctx, {
      token,
      ...(proof === undefined ? {} : { dpop: { proof, method: request.method, url: this.urlOf(request) } }),
      ...(inBody.tokenId === undefined ? {} : { tokenId: inBody.tokenId }),
    });
  }

  /** With legacy minting whoever knows an id may ask, as the original's clients send no token; one that is sent has to be good. */
  async authenticateIfNeeded(ctx: RequestContext, request: FastifyRequest): Promise<AgentGrant | undefined> {
    if (this.options.legacyMinting && presentedToken(request, undefined) === undefined) return undefined;
    return this.authenticate(ctx, request);
  }

  /** As the agent wrote it, without the query (RFC 9449 section 4.2). */
  private urlOf({ protocol, host, url }: FastifyRequest): string {
    const base = this.options.publicUrl?.replace(/\/$/, '') ?? `${protocol}://${host}`;
    return `${base}${url.split('?', 1)[0] ?? ''}`;
  }
}
