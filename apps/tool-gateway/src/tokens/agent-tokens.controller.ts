import { Body, Controller, Get, Header, Param, Post, Query } from '@nestjs/common';
import type { RequestContext } from '#contract';
import { BODY_ERRORS, Ctx, PAGE_PARAMETERS, readPageQuery } from '#http';
import type { ListingQuery } from '#http';
import { ToolEndpoint } from '../wire/tool-endpoint.decorator.js';
import { AgentTokenList, GeneratedToken, RevokedToken, RotatedSigningKey } from './agent-token-answers.js';
import { AgentTokensService } from './agent-tokens.service.js';
import { MintingService } from './minting.service.js';
import { SigningKeysService } from './signing-keys.service.js';
import { GenerateTokenRequest } from './token-requests.js';

const TAG = 'agent tokens';
const STORED = ['database_unavailable'] as const;
const REVOKING = {
  tag: TAG,
  access: 'agent_token.revoke',
  responds: RevokedToken,
  description: 'The token is refused from now on',
  errors: [...STORED, 'agent_token_not_found'],
} as const;

@Controller('api')
export class AgentTokensController {
  constructor(
    private readonly minting: MintingService,
    private readonly tokens: AgentTokensService,
    private readonly signingKeys: SigningKeysService,
  ) {}

  @Post('generate-token')
  @Header('cache-control', 'no-store')
  @ToolEndpoint({
    operationId: 'generate_agent_token',
    summary: 'Get an agent token with an assertion that the agent signed',
    tag: TAG,
    access: 'unguarded',
    responds: GeneratedToken,
    status: 201,
    description: 'The token',
    errors: [
      ...BODY_ERRORS,
      ...STORED,
      'agent_assertion_invalid',
      'agent_assertion_replayed',
      'agent_inactive',
      'agent_not_found',
    ],
  })
  generate(@Ctx() ctx: RequestContext, @Body() body: GenerateTokenRequest): Promise<GeneratedToken> {
    return this.minting.mint(ctx, body);
  }

  @Get('tokens/:agent_id')
  @ToolEndpoint({
    operationId: 'list_tokens_of_agent',
    summary: 'List the tokens of an agent, newest first; what they are for, never the tokens',
    tag: TAG,
    access: 'agent_token.read',
    responds: AgentTokenList,
    description: 'One page of tokens',
    errors: [...STORED, 'agent_not_found'],
    query: PAGE_PARAMETERS,
  })
  listOfAgent(
    @Ctx() ctx: RequestContext,
    @Param('agent_id') agentId: string,
    @Query() query: ListingQuery,
  ): Promise<AgentTokenList> {
    return this.tokens.list(ctx, agentId, readPageQuery(query));
  }

  @Get('admin/tokens')
  @ToolEndpoint({
    operationId: 'list_agent_tokens',
    summary: 'List the tokens of all agents, newest first; what they are for, never the tokens',
    tag: TAG,
    access: 'agent_token.read',
    responds: AgentTokenList,
    description: 'One page of tokens',
    errors: STORED,
    query: PAGE_PARAMETERS,
  })
  list(@Ctx() ctx: RequestContext, @Query() query: ListingQuery): Promise<AgentTokenList> {
    return this.tokens.list(ctx, undefined, readPageQuery(query));
  }

  @Post('tokens/:token_id/revoke')
  @ToolEndpoint({ ...REVOKING, operationId: 'revoke_agent_token', summary: 'Revoke a token' })
  revoke(@Ctx() ctx: RequestContext, @Param('token_id') tokenId: string): Promise<RevokedToken> {
    return this.tokens.revoke(ctx, tokenId);
  }

  @Post('admin/tokens/:token_id/revoke')
  @ToolEndpoint({
    ...REVOKING,
    operationId: 'revoke_agent_token_as_admin',
    summary:
      'Revoke a token; the same as /api/tokens/{token_id}/revoke, which clients of the original gateway look for here',
  })
  revokeAsAdmin(@Ctx() ctx: RequestContext, @Param('token_id') tokenId: string): Promise<RevokedToken> {
    return this.tokens.revoke(ctx, tokenId);
  }

  @Post('admin/signing-keys/rotate')
  @ToolEndpoint({
    operationId: 'rotate_signing_key',
    summary: 'Sign agent tokens with a new key; what the one before signed stays valid',
    tag: TAG,
    access: 'signing_key.rotate',
    responds: RotatedSigningKey,
    description: 'The key that signs from now on',
    errors: STORED,
  })
  rotate(): Promise<RotatedSigningKey> {
    return this.signingKeys.rotate();
  }
}
