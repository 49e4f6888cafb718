import { Test } from '@nestjs/testing';
import type { Principal, RequestContext } from '#contract';
import { AppError } from '#contract';
import { connectDatabase, Database } from '#database';
import { createTestDatabase } from '#testing';
import type { TestDatabase } from '#testing';
import { AgentsModule } from '../agents/agents.module.js';
import { AgentsService } from '../agents/agents.service.js';
import { PolicyDecisionsRepository } from './policy-decisions.repository.js';
import { PolicyLogService } from './policy-log.service.js';
import type { PolicySpec } from './policy-spec.js';
import type { ToolCall } from './tool-decision.js';
import { ToolPoliciesRepository } from './tool-policies.repository.js';
import { ToolPoliciesService } from './tool-policies.service.js';
import type { ToolPolicyRequest } from './tool-policy.js';

const SPEC: PolicySpec = { scopes: ['http_fetch:get', 'http_fetch:head'] };

function contextOf(principal: Principal): RequestContext {
  const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), flags: '00' };
  return { principal, trace, requestId: 'r', signal: new AbortController().signal };
}
/** Agents as their module has them: their repository is nobody else's. */
async function agentsOn(database: Database): Promise<AgentsService> {
  const agents = { module: AgentsModule, providers: [{ provide: Database, useValue: database }] };
  return (await Test.createTestingModule({ imports: [agents] }).compile()).get(AgentsService);
}

const acme = contextOf({ subject: 'ann', owner: 'tenant:acme' });
const globex = contextOf({ subject: 'gus', owner: 'tenant:globex' });
const operator = contextOf({ subject: 'op', owner: 'tenant:ops', permissions: new Set(['tenant.all']) });
const nobody = contextOf({ subject: 'anonymous' });

describe('policies of tools', () => {
  let home: TestDatabase;
  let database: Database;
  let policies: ToolPoliciesService;
  let log: PolicyLogService;
  beforeAll(async () => {
    home = await createTestDatabase();
    database = await connectDatabase({
      url: home.url,
      entities: [],
      poolSize: 4,
      connectTimeoutMs: 5_000,
      applicationName: 'tool-policies.service.spec',
    });
    log = new PolicyLogService(database, new PolicyDecisionsRepository());
    policies = new ToolPoliciesService(database, new ToolPoliciesRepository(), await agentsOn(database));
  });
  beforeEach(async () => {
    await home.query('truncate tool_agents, tool_policies, tool_policy_decisions cascade');
    for (const [id, owner, role] of [
      ['agent_acme', 'tenant:acme', 'scraper'],
      ['agent_globex', 'tenant:globex', 'scraper'],
      ['agent_open', null, 'scraper'],
    ]) {
      await home.query(
        `insert into tool_agents (agent_id, owner, name, role, status, created_at, updated_at)
         values ($1, $2, $1, $3, 'active', now(), now())`,
        [id, owner, role],
      );
    }
  });
  afterAll(async () => {
    await database.close();
    await home.drop();
  });

  const make = (ctx: RequestContext, request: Partial<ToolPolicyRequest>) =>
    policies.create(ctx, { name: 'test', spec: SPEC, ...request });
  const callOf = (agentId: string, call: Partial<ToolCall> = {}): ToolCall => ({
    agentId,
    role: 'scraper',
    owner: agentId === 'agent_open' ? null : agentId.replace('agent_', 'tenant:'),
    tool: 'http_fetch',
    action: 'get',
    params: {},
    requestBytes: 10,
    hosts: [],
    now: new Date('2026-02-11T12:00:00Z'),
    ...call,
  });
  const decideAndLog = async (call: ToolCall) => log.write(call, await policies.decide(call));
  const codeOf = async (agentId: string, call: Partial<ToolCall> = {}) => {
    const decision = await policies.decide(callOf(agentId, call));
    return decision.effect === 'allow' ? 'allow' : decision.code;
  };
  const errorOf = async (work: Promise<unknown>): Promise<AppError> => {
    const error: unknown = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof AppError)) throw new Error(`no AppError: ${String(error)}`);
    return error;
  };

  it('are made, read, changed and deleted', async () => {
    const made = await make(acme, { agentId: 'agent_acme', description: 'd', spec: { ...SPEC, intent: 'a' } });
    expect(made).toEqual({
      id: expect.stringMatching(/^policy_/),
      name: 'test',
      description: 'd',
      agentId: 'agent_acme',
      spec: { ...SPEC, intent: 'a' },
      specHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      active: true,
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    });
    expect(await policies.get(acme, made.id)).toEqual(made);
    const changed = await policies.update(acme, made.id, { active: false, name: 'new' });
    expect(changed).toEqual({ ...made, active: false, name: 'new', updatedAt: changed.updatedAt });
    const respecced = await policies.update(acme, made.id, { spec: SPEC, active: true });
    expect(respecced).toMatchObject({ spec: SPEC, name: 'new', active: true });
    expect(respecced.specHash).not.toBe(made.specHash);
    await policies.delete(acme, made.id);
    expect((await errorOf(policies.get(acme, made.id))).code).toBe('tool_policy_not_found');
    expect((await errorOf(policies.update(acme, made.id, {}))).code).toBe('tool_policy_not_found');
    expect((await errorOf(policies.delete(acme, made.id))).code).toBe('tool_policy_not_found');
  });

  it('are of an agent or of a role: one of them, and the agent has to be there', async () => {
    const neither = await errorOf(make(acme, {}));
    const both = await errorOf(make(acme, { agentId: 'agent_acme', role: 'scraper' }));
    expect([neither.status, neither.message]).toEqual([400, expect.stringContaining('must have agentId or role')]);
    expect([both.status, both.message]).toEqual([400, expect.stringContaining('must not have both agentId and role')]);
    expect((await errorOf(make(acme, { agentId: 'agent_none' }))).code).toBe('agent_not_found');
    expect((await errorOf(make(acme, { agentId: 'agent_globex' }))).code).toBe('agent_not_found');
  });

  it('with mistakes are refused with the path of each', async () => {
    const guards = { allowedDomains: ['a.com', 'b.com/x'] };
    const { status, details } = await errorOf(make(acme, { role: 'r', name: '', spec: { ...SPEC, guards } }));
    expect(status).toBe(400);
    expect(details?.['issues']).toMatchObject([{ path: 'name' }, { path: 'spec.guards.allowedDomains[1]' }]);
    const policy = await make(acme, { role: 'r' });
    const change = { spec: { scopes: ['*'] } };
    expect((await errorOf(policies.update(acme, policy.id, change))).message).toContain('spec.scopes[0] must be');
  });

  it('are listed by agent, role and whether they are active', async () => {
    const one = await make(acme, { agentId: 'agent_acme' });
    const two = await make(acme, { role: 'scraper' });
    const three = await make(acme, { role: 'mailer' });
    await policies.update(acme, three.id, { active: false });
    const idsOf = async (options: object) => (await policies.list(acme, options)).map(({ id }) => id).sort();
    expect(await idsOf({})).toEqual([one.id, two.id, three.id].sort());
    expect(await idsOf({ agentId: 'agent_acme' })).toEqual([one.id]);
    expect(await idsOf({ role: 'scraper' })).toEqual([two.id]);
    expect(await idsOf({ active: false })).toEqual([three.id]);
  });

  it('of another owner are not there', async () => {
    const { id } = await make(acme, { role: 'scraper' });
    await decideAndLog(callOf('agent_acme'));
    expect(await policies.list(globex, {})).toEqual([]);
    expect(await log.list(globex, { limit: 50 })).toEqual([]);
    for (const work of [policies.get(globex, id), policies.update(globex, id, {}), policies.delete(globex, id)]) {
      expect((await errorOf(work)).code).toBe('tool_policy_not_found');
    }
    expect((await errorOf(policies.merged(globex, 'agent_acme'))).code).toBe('agent_not_found');
    expect((await policies.get(operator, id)).id).toBe(id);
    expect(await log.list(operator, { limit: 50 })).toHaveLength(1);
  });

  it('of a role hold for agents of the same owner, those of the installation for all, and nobody else can undo them', async () => {
    expect(await codeOf('agent_acme')).toBe('no_policy');
    await make(acme, { role: 'scraper' });
    await make(acme, { role: 'mailer', spec: { scopes: ['x:y'] } });
    expect([await codeOf('agent_acme'), await codeOf('agent_globex')]).toEqual(['allow', 'no_policy']);
    const { id } = await make(operator, { role: 'scraper', spec: { scopes: ['http_fetch:head'] } });
    expect([await codeOf('agent_acme'), await codeOf('agent_globex')]).toEqual([
      'scope_not_allowed',
      'scope_not_allowed',
    ]);
    expect(await codeOf('agent_globex', { action: 'head' })).toBe('allow');
    expect((await errorOf(policies.delete(acme, id))).code).toBe('tool_policy_not_found');
    expect(await codeOf('agent_open', { action: 'head' })).toBe('allow');
    expect((await policies.list(nobody, {})).length).toBe(3);
  });

  it('weakness 9: the role does not override the agent, whichever is made first', async () => {
    const wide = { scopes: ['http_fetch:get', 'gmail_send:send'], guards: { maxRequestSize: 1_000 } };
    const own = await make(acme, { agentId: 'agent_acme', spec: { ...SPEC, guards: { maxRequestSize: 5 } } });
    const role = await make(acme, { role: 'scraper', spec: wide });
    expect(await codeOf('agent_acme')).toBe('request_too_large');
    expect(await codeOf('agent_acme', { requestBytes: 5 })).toBe('allow');
    expect(await codeOf('agent_acme', { tool: 'gmail_send', action: 'send', requestBytes: 5 })).toBe(
      'scope_not_allowed',
    );
    expect(await policies.merged(acme, 'agent_acme')).toMatchObject({
      agentId: 'agent_acme',
      agentRole: 'scraper',
      mergedSpec: { scopes: ['http_fetch:get'], guards: { maxRequestSize: 5, timeWindows: [] }, intents: [] },
      sourcePolicies: [own.id, role.id].sort(),
    });
    await policies.update(acme, own.id, { active: false });
    expect(await codeOf('agent_acme')).toBe('allow');
  });

  it('without any nothing is allowed, and the merged policy says so', async () => {
    expect(await policies.merged(acme, 'agent_acme')).toMatchObject({ mergedSpec: { scopes: [] }, sourcePolicies: [] });
  });

  it('weakness 10: an intent that is demanded is demanded', async () => {
    await make(acme, { agentId: 'agent_acme', spec: { ...SPEC, intent: 'research' } });
    expect(await codeOf('agent_acme')).toBe('intent_required');
    expect(await codeOf('agent_acme', { intent: 'research' })).toBe('allow');
  });

  it('weakness 14: another guard is another hash', async () => {
    const one = await make(acme, { role: 'a', spec: { ...SPEC, guards: { allowedDomains: ['a.com'] } } });
    const two = await make(acme, { role: 'a', spec: { ...SPEC, guards: { allowedDomains: ['b.com'] } } });
    const again = await make(acme, { role: 'b', spec: { guards: { allowedDomains: ['a.com'] }, ...SPEC } });
    expect(one.specHash).not.toBe(two.specHash);
    expect(again.specHash).toBe(one.specHash);
  });

  it('have what they decide in the log, allowed and denied, without parameters', async () => {
    const { id } = await make(acme, { role: 'scraper' });
    const params = { url: 'https://user:hunter2@a.com/?q=secret' };
    const hosts = ['A.com:443', 'not a host: secret', ...Array.from({ length: 30 }, (_, n) => `h${n}.com`)];
    await decideAndLog(callOf('agent_acme', { params, hosts, requestBytes: 77 }));
    await decideAndLog(callOf('agent_acme', { params, action: 'post', intent: 'secret' }));
    await decideAndLog(callOf('agent_globex'));
    const entries = await log.list(acme, { limit: 50 });
    expect(entries).toEqual([
      {
        id: expect.any(String),
        policyId: id,
        policyIds: [id],
        agentId: 'agent_acme',
        tool: 'http_fetch',
        action: 'post',
        decision: 'deny',
        code: 'scope_not_allowed',
        reason: expect.stringContaining('http_fetch:post'),
        requestBytes: 10,
        hosts: [],
        createdAt: '2026-02-11T12:00:00.000Z',
      },
      expect.objectContaining({ decision: 'allow', requestBytes: 77, hosts: expect.arrayContaining(['a.com']) }),
    ]);
    expect(entries[1]?.hosts).toHaveLength(20);
    const rows = JSON.stringify(await home.query('select * from tool_policy_decisions'));
    expect(rows).not.toMatch(/secret|hunter2/);
    expect(await log.list(acme, { limit: 1 })).toHaveLength(1);
    expect(await log.list(operator, { agentId: 'agent_globex', limit: 50 })).toMatchObject([
      { code: 'no_policy', policyIds: [] },
    ]);
    expect(await log.list(operator, { policyId: id, limit: 50 })).toHaveLength(2);
  });
});
