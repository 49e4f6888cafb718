import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import type { RequestContext } from '#contract';
import { BODY_ERRORS, Ctx, PAGE_PARAMETERS, readPageQuery } from '#http';
import type { ListingQuery } from '#http';
import { ToolEndpoint } from '../wire/tool-endpoint.decorator.js';
import { AddAgentKeyRequest, CreateAgentRequest, UpdateAgentRequest } from './agent-requests.js';
import { AgentAnswer, AgentList, CreatedAgent, CreatedAgentKey } from './agent.js';
import { AgentsService } from './agents.service.js';

const TAG = 'agents';
const STORED = ['database_unavailable'] as const;
const OF_AN_AGENT = [...STORED, 'agent_not_found'] as const;

@Controller('api')
export class AgentsController {
  constructor(private readonly agents: AgentsService) {}

  @Post('create-agent')
  @ToolEndpoint({
    operationId: 'create_agent',
    summary: 'Register an agent with the public half of its key',
    tag: TAG,
    access: 'agent.write',
    responds: CreatedAgent,
    status: 201,
    description: 'The agent is there',
    errors: [...BODY_ERRORS, ...STORED],
  })
  create(@Ctx() ctx: RequestContext, @Body() body: CreateAgentRequest): Promise<CreatedAgent> {
    return this.agents.create(ctx, body);
  }

  @Get('agents')
  @ToolEndpoint({
    operationId: 'list_agents',
    summary: 'List agents, newest first',
    tag: TAG,
    access: 'agent.read',
    responds: AgentList,
    description: 'One page of agents',
    errors: STORED,
    query: PAGE_PARAMETERS,
  })
  list(@Ctx() ctx: RequestContext, @Query() query: ListingQuery): Promise<AgentList> {
    return this.agents.list(ctx, readPageQuery(query));
  }

  @Get('agents/:agent_id')
  @ToolEndpoint({
    operationId: 'get_agent',
    summary: 'Get an agent',
    tag: TAG,
    access: 'agent.read',
    responds: AgentAnswer,
    description: 'Agent',
    errors: OF_AN_AGENT,
  })
  async get(@Ctx() ctx: RequestContext, @Param('agent_id') agentId: string): Promise<AgentAnswer> {
    return { agent: await this.agents.get(ctx, agentId) };
  }

  @Patch('agents/:agent_id')
  @ToolEndpoint({
    operationId: 'update_agent',
    summary: 'Change an agent; made inactive, its tokens are refused at once',
    tag: TAG,
    access: 'agent.write',
    responds: AgentAnswer,
    description: 'The agent as it is now',
    errors: [...BODY_ERRORS, ...OF_AN_AGENT],
  })
  async update(
    @Ctx() ctx: RequestContext,
    @Param('agent_id') agentId: string,
    @Body() body: UpdateAgentRequest,
  ): Promise<AgentAnswer> {
    return { agent: await this.agents.update(ctx, agentId, body) };
  }

  @Post('agents/:agent_id/keys')
  @ToolEndpoint({
    operationId: 'add_agent_key',
    summary: 'Add a key to an agent, by its public half',
    tag: TAG,
    access: 'agent.write',
    responds: CreatedAgentKey,
    status: 201,
    description: 'The agent has the key',
    errors: [...BODY_ERRORS, ...OF_AN_AGENT],
  })
  addKey(
    @Ctx() ctx: RequestContext,
    @Param('agent_id') agentId: string,
    @Body() body: AddAgentKeyRequest,
  ): Promise<CreatedAgentKey> {
    return this.agents.addKey(ctx, agentId, body);
  }

  @Delete('agents/:agent_id/keys/:key_id')
  @ToolEndpoint({
    operationId: 'remove_agent_key',
    summary: 'Remove a key of an agent: what it signs is not taken any more',
    tag: TAG,
    access: 'agent.write',
    responds: 'nothing',
    description: 'The key is gone',
    errors: [...OF_AN_AGENT, 'agent_key_not_found'],
  })
  removeKey(
    @Ctx() ctx: RequestContext,
    @Param('agent_id') agentId: string,
    @Param('key_id') keyId: string,
  ): Promise<void> {
    return this.agents.removeKey(ctx, agentId, keyId);
  }
}
