import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { mayReach, ownerBorder } from '#auth';
import { AppError } from '#contract';
import type { RequestContext } from '#contract';
import { Database } from '#database';
import { DEFAULT_PAGE_SIZE, instantOf, invalidRequest, NEWEST, Pages } from '#http';
import type { ToolAgentEntity } from '../tables/tool-agent.entity.js';
import type { AddAgentKeyRequest, CreateAgentRequest, UpdateAgentRequest } from './agent-requests.js';
import type { Agent, AgentList, CreatedAgent, CreatedAgentKey } from './agent.js';
import { AgentsRepository } from './agents.repository.js';
import { presentAgent } from './present-agent.js';
import type { AgentWithKeys } from './present-agent.js';
import { readPublicKey } from './public-key.js';

/** Which page of a listing. */
export interface PageOptions {
  /** Most items on the page, 1 to 500. Default 50. */
  readonly limit?: number;
  /** `next_page_token` of the page before. Default: the first page. */
  readonly pageToken?: string;
}

const KEYS_AT_MOST = 10;
const NAME_AT_MOST = 200;
const ROLE_AT_MOST = 100;

/** Agents and the public halves of their keys. Somebody else's are as if they were not there. */
@Injectable()
export class AgentsService {
  constructor(
    private readonly database: Database,
    private readonly repository: AgentsRepository,
  ) {}

  /** @throws AppError invalid_request for a name, a role or a key that cannot be taken */
  async create({ principal }: RequestContext, request: CreateAgentRequest): Promise<CreatedAgent> {
    const { keyId, algorithm, jwk } = await readPublicKey(request);
    refuseTexts({ name: request.name, role: request.role, created_by: request.created_by });
    const agentId = `agent_${randomUUID()}`;
    const now = new Date();
    await this.database.transaction(async (tx) => {
      await this.repository.insertAgent(tx, {
        agent_id: agentId,
        owner: principal.owner ?? null,
        name: request.name,
        role: request.role,
        created_by: request.created_by ?? principal.subject,
        status: 'active',
        created_at: now,
        updated_at: now,
      });
      const key = { agent_id: agentId, key_id: keyId, algorithm, public_jwk: jwk, created_at: now };
      await this.repository.insertKey(tx, key);
    });
    return { agent_id: agentId, key_id: keyId };
  }

  async list({ principal }: RequestContext, options: PageOptions): Promise<AgentList> {
    const { limit = DEFAULT_PAGE_SIZE, pageToken } = options;
    const pages = new Pages(['agents']);
    const found = await this.repository.findPage(this.database, {
      owner: ownerBorder(principal) ?? null,
      olderThan: pages.read(pageToken) ?? NEWEST,
      limit: limit + 1,
    });
    const { items, pagination } = pages.of(found, limit, ({ created_at, agent_id }) => ({
      createdAt: instantOf(created_at),
      id: agent_id,
    }));
    const ids = items.map(({ agent_id }) => agent_id);
    const keys = await this.repository.findKeys(this.database, ids);
    const keysOf = (id: string) => keys.filter(({ agent_id }) => agent_id === id);
    return { agents: items.map((agent) => presentAgent({ agent, keys: keysOf(agent.agent_id) })), pagination };
  }

  /** @throws AppError agent_not_found */
  async get(ctx: RequestContext, agentId: string): Promise<Agent> {
    const agent = await this.find(ctx, agentId);
    return presentAgent({ agent, keys: await this.repository.findKeys(this.database, [agentId]) });
  }

  /** @throws AppError agent_not_found, invalid_request */
  async update(ctx: RequestContext, agentId: string, { status, name, role }: UpdateAgentRequest): Promise<Agent> {
    if (status === undefined && name === undefined && role === undefined) {
      throw invalidRequest([{ path: '', message: 'must change at least one of status, name, role' }]);
    }
    refuseTexts({ name, role });
    await this.find(ctx, agentId);
    const change = { status: status ?? null, name: name ?? null, role: role ?? null, at: new Date() };
    await this.repository.updateAgent(this.database, agentId, change);
    return this.get(ctx, agentId);
  }

  /**
   * A key that the agent has already stays as it is.
   *
   * @throws AppError agent_not_found, invalid_request
   */
  async addKey(ctx: RequestContext, agentId: string, request: AddAgentKeyRequest): Promise<CreatedAgentKey> {
    const { keyId, algorithm, jwk } = await readPublicKey(request);
    await this.find(ctx, agentId);
    await this.database.transaction(async (tx) => {
      await this.repository.lockAgent(tx, agentId);
      const present = await this.repository.findKeys(tx, [agentId]);
      if (present.every(({ key_id }) => key_id !== keyId) && present.length >= KEYS_AT_MOST) {
        throw invalidRequest([{ path: '', message: `must not add more than ${KEYS_AT_MOST} keys: remove one first` }]);
      }
      const key = { agent_id: agentId, key_id: keyId, algorithm, public_jwk: jwk, created_at: new Date() };
      await this.repository.insertKey(tx, key);
    });
    return { key_id: keyId };
  }

  /**
   * Nothing that this key signs is taken any more. Tokens that were had with it stay: they are revoked one by one, or the agent is
   * made inactive.
   *
   * @throws AppError agent_not_found, agent_key_not_found
   */
  async removeKey(ctx: RequestContext, agentId: string, keyId: string): Promise<void> {
    await this.find(ctx, agentId);
    if (await this.repository.deleteKey(this.database, agentId, keyId)) return;
    throw new AppError('agent_key_not_found', { details: { agent_id: agentId, key_id: keyId } });
  }

  /** Whoever's it is: for checking what the agent itself sends. */
  async findWithKeys(agentId: string): Promise<AgentWithKeys | undefined> {
    const agent = await this.repository.findAgent(this.database, agentId);
    return agent === undefined ? undefined : { agent, keys: await this.repository.findKeys(this.database, [agentId]) };
  }

  /**
   * An agent that the caller may know of, without its keys.
   *
   * @throws AppError agent_not_found
   */
  async find({ principal }: RequestContext, agentId: string): Promise<ToolAgentEntity> {
    const agent = await this.repository.findAgent(this.database, agentId);
    if (agent !== undefined && mayReach(principal, { owner: agent.owner, runId: '' })) return agent;
    throw agentNotFound(agentId);
  }
}

function agentNotFound(agentId: string): AppError {
  return new AppError('agent_not_found', {
    message: `There is no agent ${agentId}.`,
    details: { agent_id: agentId },
  });
}

function refuseTexts(texts: Readonly<Record<string, string | undefined>>): void {
  const issues = Object.entries(texts).flatMap(([path, text]) => {
    const most = path === 'role' ? ROLE_AT_MOST : NAME_AT_MOST;
    if (text === undefined || (text.trim() !== '' && text.length <= most && !/\p{Cc}/u.test(text))) return [];
    return [{ path, message: `must have 1 to ${most} characters and no control characters` }];
  });
  if (issues.length > 0) throw invalidRequest(issues);
}
