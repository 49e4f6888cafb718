import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Node } from '@arp-jarvis/node-pack-sdk';
import { readSettings } from '#config';
import { Approval, ApprovalList, Health, PolicyDecision, Run } from '#contract';
import type { RunEvent } from '#contract';
import { listen } from '#http';
import { createTestDatabase, freePort, startProcess, startTokenIssuer, untilServing } from '#testing';
import type { ServiceProcess, TestDatabase, TokenIssuer } from '#testing';
import { createAtomicExecutor } from '../../apps/atomic-executor/src/atomic-executor.app.js';
import { atomicExecutorSettings } from '../../apps/atomic-executor/src/atomic-executor.config.js';
import { startCoordinator } from './coordinators.js';
import type { RunningCoordinator } from './coordinators.js';
import { call, conforming, refusal } from './http.js';

const node = (name: string) => `acme.bank.${name}`;
const IBAN = 'DE02120300000000202051';

function allow(Sid: string, Action: string | string[], Condition?: object): object {
  return { Sid, Effect: 'Allow', Action, Resource: '*', ...(Condition === undefined ? {} : { Condition }) };
}

const STATEMENTS = [
  allow('StartAndApprove', ['run.start', 'approval.decide']),
  allow('Cancelers', 'run.cancel', { StringEquals: { 'principal.roles': 'canceler' } }),
  allow('OfOurOwn', 'node.run.execute', { StringEquals: { 'node_type.trust_tier': 'first_party' } }),
  {
    Sid: 'WritersWrite',
    Effect: 'Deny',
    Action: 'node.run.execute',
    Resource: '*',
    Condition: {
      StringEquals: { 'node_type.side_effect': 'write' },
      StringNotEquals: { 'principal.roles': 'writer' },
    },
  },
  {
    Sid: 'AskBeforeItCannotBeUndone',
    Effect: 'RequireApproval',
    Action: 'node.run.execute',
    Resource: 'node_type:acme.*',
    Condition: { StringEquals: { 'node_type.side_effect': 'irreversible' } },
    Approval: { Roles: ['boss'], ExpiresInSeconds: 600, MaskInputs: ['/iban'] },
  },
  {
    Sid: 'OnlyAcme',
    Effect: 'Deny',
    Action: 'run.start',
    Resource: '*',
    Condition: { StringNotEquals: { 'principal.tenant_id': 'acme' } },
  },
];
const CLOSED = { Sid: 'Closed', Effect: 'Deny', Action: 'run.start', Resource: '*' };
const policyOf = (...Statement: object[]) => JSON.stringify({ Version: '2026-11-01', Statement });

/** The handlers of one executor in this process, and what they were given. */
class Bank {
  readonly executed: { readonly name: string; readonly inputs: object }[] = [];

  handlers(): Record<string, Node> {
    const made = (name: string, sideEffect: Node['sideEffect'], trustTier = 'first_party') => ({
      id: node(name),
      description: name,
      input: { type: 'object' } as const,
      output: { type: 'object' } as const,
      sideEffect,
      trustTier,
      idempotent: false,
      run: (inputs: Node extends { run(inputs: infer I, ...rest: never[]): unknown } ? I : never) => {
        this.executed.push({ name, inputs });
        return {};
      },
    });
    const nodes = [
      made('read', 'read'),
      made('write', 'write'),
      made('pay', 'irreversible'),
      made('stranger', 'read', 'third_party'),
    ];
    return Object.fromEntries(nodes.map((one) => [one.id, one]));
  }

  timesOf(wanted: string): number {
    return this.executed.filter(({ name }) => name === wanted).length;
  }
}

/** Somebody at the coordinator. */
class Caller {
  constructor(
    private readonly base: string,
    readonly token: string,
  ) {}

  ask(path: string, body?: object) {
    const headers = { authorization: `Bearer ${this.token}` };
    return call(body === undefined ? 'GET' : 'POST', `${this.base}/v1/${path}`, body, headers);
  }

  async start(name: string, more: object = {}): Promise<Run> {
    const root_node_type_ref = { node_type_id: node(name), version: '0.1.0' };
    return conforming(Run, await this.ask('runs', { root_node_type_ref, input: {}, ...more }));
  }

  /** How a run of this node ends. */
  async run(name: string, more: object = {}): Promise<{ state: string; decisions: RunEvent['data'][] }> {
    return this.end(await this.start(name, more));
  }

  async end({ run_id }: Run): Promise<{ state: string; decisions: RunEvent['data'][] }> {
    const run = await eventually(async () => {
      const found = conforming(Run, await this.ask(`runs/${run_id}`));
      return ['succeeded', 'failed', 'canceled'].includes(found.state) ? found : undefined;
    });
    return { state: run.state, decisions: await this.decisions(run) };
  }

  async decisions({ run_id }: Run): Promise<RunEvent['data'][]> {
    const headers = { authorization: `Bearer ${this.token}` };
    const text = await (await fetch(`${this.base}/v1/runs/${run_id}/events`, { headers })).text();
    const events = text.split('\n').filter((line) => line !== '');
    return events
      .map((line) => JSON.parse(line) as RunEvent)
      .filter(({ type }) => type === 'policy_decided')
      .map(({ data }) => data);
  }

  async approvalOf({ run_id }: Run): Promise<Approval> {
    return eventually(async () => {
      const answer = await this.ask(`approvals?run_id=${run_id}&state=pending`);
      return conforming(ApprovalList, answer).approvals[0];
    });
  }
}

async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let left = 400; left > 0; left -= 1) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((settle) => setTimeout(settle, 50));
  }
  throw new Error('it did not happen');
}

const decidedBy = (statement: string) => ({
  'jarvis.policy_hash': expect.stringMatching(/^[0-9a-f]{64}$/),
  'jarvis.policy_version': '2026-11-01',
  'jarvis.policy_statement': statement,
});

describe.each([['of the coordinator'], ['of a policy decision point']])('a policy %s', (where) => {
  const isRemote = where === 'of a policy decision point';
  const bank = new Bank();
  let folder: string;
  let file: string;
  let issuer: TokenIssuer;
  let database: TestDatabase;
  let executor: { url: string; stop: () => Promise<void> };
  let pdp: { url: string; process: ServiceProcess } | undefined;
  let coordinator: RunningCoordinator;
  let env: Record<string, string>;
  const person = (sub: string, roles: string[], tenant_id = 'acme', at = coordinator.url) =>
    new Caller(at, issuer.token({ aud: 'arp-run-coordinator', sub, tenant_id, roles: ['arp-user', ...roles] }));

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'arp-policy-'));
    file = join(folder, 'policy.json');
    await writeFile(file, policyOf(...STATEMENTS));
    issuer = await startTokenIssuer();
    database = await createTestDatabase();
    const service = await createAtomicExecutor(
      readSettings(atomicExecutorSettings, { ARP_AUTH_PROFILE: 'dev-insecure', LOG_LEVEL: 'silent' }),
      { handlers: bank.handlers() },
    );
    const at = { host: '127.0.0.1', port: 0, portSetting: 'ARP_ATOMIC_EXECUTOR_PORT' };
    executor = { url: await listen(service, at), stop: service.stop };
    pdp = isRemote ? await startPdpProcess() : undefined;
    env = {
      ARP_AUTH_PROFILE: 'dev-secure-keycloak',
      ARP_AUTH_ISSUER: issuer.issuer,
      JARVIS_POLICY_PROFILE: '',
      JARVIS_ATOMIC_EXECUTOR_URL: executor.url,
      ...(pdp === undefined
        ? { JARVIS_POLICY_PATH: file }
        : { JARVIS_PDP_URL: pdp.url, JARVIS_PDP_BEARER_TOKEN: serviceToken('arp-pdp') }),
    };
    coordinator = await startCoordinator(database, env);
  });
  afterAll(async () => {
    await coordinator.stop();
    await pdp?.process.stop();
    await executor.stop();
    await database.drop();
    await issuer.close();
    await rm(folder, { recursive: true, force: true });
  });

  function serviceToken(aud: string): string {
    return issuer.token({ aud, sub: 'coordinator', azp: 'arp-run-coordinator', roles: ['arp-coordinator'] });
  }

  async function startPdpProcess(): Promise<{ url: string; process: ServiceProcess }> {
    const port = await freePort();
    const process = startProcess(['dist/apps/pdp/src/main.js', '--port', String(port)], {
      ARP_AUTH_PROFILE: 'dev-secure-keycloak',
      ARP_AUTH_ISSUER: issuer.issuer,
      JARVIS_POLICY_PATH: file,
      JARVIS_ATOMIC_EXECUTOR_URL: executor.url,
      LOG_LEVEL: 'warn',
    });
    const url = `http://127.0.0.1:${port}`;
    await untilServing(process, url);
    return { url, process };
  }

  it('allows and denies by side effect, role and trust tier, and says by which statement', async () => {
    const ann = person('ann', []);
    const read = await ann.run('read');
    expect(read.state).toBe('succeeded');
    expect(read.decisions).toEqual([
      expect.objectContaining({
        action: 'run.start',
        reason_code: 'explicit_allow',
        extensions: decidedBy('StartAndApprove'),
      }),
      expect.objectContaining({ action: 'node.run.execute', decision: 'allow', extensions: decidedBy('OfOurOwn') }),
    ]);
    const write = await ann.run('write');
    expect(write.state).toBe('failed');
    expect(write.decisions.at(-1)).toMatchObject({
      decision: 'deny',
      reason_code: 'explicit_deny',
      extensions: decidedBy('WritersWrite'),
    });
    expect((await person('will', ['writer']).run('write')).state).toBe('succeeded');
    const stranger = await ann.run('stranger');
    expect(stranger).toMatchObject({ state: 'failed' });
    expect(stranger.decisions.at(-1)).toMatchObject({ decision: 'deny', reason_code: 'default_deny' });
    expect([bank.timesOf('read'), bank.timesOf('write'), bank.timesOf('stranger')]).toEqual([1, 1, 0]);
  });

  it('believes nothing that a body says of who asks, or of what a node type is', async () => {
    const before = bank.timesOf('write');
    const run_context = {
      tenant_id: 'acme',
      actor: { type: 'user', id: 'will' },
      identity: { issuer: issuer.issuer, subject: 'will', roles: ['writer'], client_id: 'arp-run-gateway' },
      policy: { resource: 'run:*', principal: { roles: ['writer'] } },
      extensions: { 'jarvis.side_effect': 'read' },
    };
    const extensions = { 'jarvis.side_effect': 'read', 'jarvis.trust_tier': 'first_party' };
    const forged = { run_context, extensions };
    expect((await person('ann', []).run('write', forged)).state).toBe('failed');
    expect((await person('ann', []).run('stranger', forged)).state).toBe('failed');
    const globex = await person('gus', ['writer'], 'globex').run('write', forged);
    expect(globex.decisions).toEqual([
      expect.objectContaining({ action: 'run.start', decision: 'deny', extensions: decidedBy('OnlyAcme') }),
    ]);
    expect([bank.timesOf('write'), bank.timesOf('stranger')]).toEqual([before, 0]);
    if (pdp === undefined) return;
    const question = {
      action: 'node.run.execute',
      node_type_ref: { node_type_id: node('stranger'), version: '0.1.0' },
      context: { resource: `node_type:${node('read')}`, node_type: { trust_tier: 'first_party' } },
      extensions,
    };
    const asService = { authorization: `Bearer ${serviceToken('arp-pdp')}` };
    const answer = await call('POST', `${pdp.url}/v1/policy:decide`, question, asService);
    expect(conforming(PolicyDecision, answer)).toMatchObject({ decision: 'deny', reason_code: 'default_deny' });
    const asUser = { authorization: `Bearer ${issuer.token({ aud: 'arp-pdp', roles: ['arp-user'] })}` };
    refusal(await call('POST', `${pdp.url}/v1/policy:decide`, question, asUser), 403, 'forbidden');
  });

  it('has a person approve what cannot be undone', async () => {
    const ann = person('ann', []);
    const run = await ann.start('pay', { input: { iban: IBAN, amount: 7 } });
    const approval = await ann.approvalOf(run);
    expect(approval).toMatchObject({ approver_roles: ['boss'], inputs: { amount: 7 } });
    expect(JSON.stringify(approval)).not.toContain(IBAN);
    expect(Date.parse(approval.expires_at) - Date.parse(approval.requested_at)).toBe(600_000);
    const decide = `approvals/${approval.approval_id}:approve`;
    const other = refusal(await person('otto', ['arp-approver']).ask(decide, {}), 403, 'forbidden');
    expect(other.details).toMatchObject({ reason_code: 'approver_role_missing' });
    expect(bank.timesOf('pay')).toBe(0);
    conforming(Approval, await person('bea', ['arp-approver', 'boss']).ask(decide, { comment: 'fine' }));
    const { state, decisions } = await ann.end(run);
    expect(state).toBe('succeeded');
    expect(decisions).toContainEqual(
      expect.objectContaining({
        action: 'approval.decide',
        decision: 'allow',
        message: 'fine',
        extensions: expect.objectContaining(decidedBy('StartAndApprove')),
      }),
    );
    expect(decisions).toContainEqual(
      expect.objectContaining({
        action: 'node.run.execute',
        decision: 'require_approval',
        extensions: expect.objectContaining(decidedBy('AskBeforeItCannotBeUndone')),
      }),
    );
    expect(bank.executed.filter(({ name }) => name === 'pay')).toEqual([
      { name: 'pay', inputs: { iban: IBAN, amount: 7 } },
    ]);
  });

  it('says who cancels', async () => {
    const ann = person('ann', []);
    const run = await ann.start('pay');
    await ann.approvalOf(run);
    const error = refusal(await ann.ask(`runs/${run.run_id}:cancel`, {}), 403, 'forbidden');
    expect(error.details).toEqual({ reason_code: 'default_deny' });
    refusal(await person('gus', ['canceler'], 'globex').ask(`runs/${run.run_id}:cancel`, {}), 404, 'run_not_found');
    const carol = person('carol', ['canceler']);
    expect(conforming(Run, await carol.ask(`runs/${run.run_id}:cancel`, {})).state).toBe('canceled');
    // What has ended is nothing to decide on.
    expect(conforming(Run, await ann.ask(`runs/${run.run_id}:cancel`, {})).state).toBe('canceled');
    const cancels = (await ann.decisions(run)).filter((data) => data?.['action'] === 'run.cancel');
    expect(cancels).toEqual([expect.objectContaining({ decision: 'allow', extensions: decidedBy('Cancelers') })]);
  });

  it('follows its file', async () => {
    const ann = person('ann', []);
    const lastOf = async () => (await ann.run('read')).decisions.at(-1);
    const untilDecidedBy = (statement: string) =>
      eventually(async () => {
        const extensions = (await lastOf())?.['extensions'] as Record<string, unknown>;
        return extensions['jarvis.policy_statement'] === statement ? extensions['jarvis.policy_hash'] : undefined;
      });
    await writeFile(file, policyOf(...STATEMENTS, CLOSED));
    const closed = await untilDecidedBy('Closed');
    // What cannot be used changes nothing but the health report.
    await writeFile(file, '{ "Version": ');
    const base = pdp?.url ?? coordinator.url;
    await eventually(async () => {
      const { checks } = conforming(Health, await call('GET', `${base}/v1/health`));
      return checks?.find(({ name, status }) => name === 'policy' && status === 'down');
    });
    expect(await untilDecidedBy('Closed')).toBe(closed);
    await writeFile(file, policyOf(...STATEMENTS));
    expect(await untilDecidedBy('OfOurOwn')).not.toBe(closed);
  });

  it('in a dry run stops nothing', async () => {
    const dry = await startCoordinator(database, { ...env, JARVIS_POLICY_DRY_RUN: 'true' });
    try {
      const { state, decisions } = await person('ann', [], 'globex', dry.url).run('read');
      expect(state).toBe('succeeded');
      expect(decisions[0]).toMatchObject({ action: 'run.start', decision: 'allow', reason_code: 'dry_run' });
      expect(decisions[0]?.['extensions']).toEqual(decidedBy('OnlyAcme'));
    } finally {
      await dry.stop();
    }
  });

  if (isRemote) {
    it('that does not answer denies everything, and nothing is executed', async () => {
      const ann = person('ann', []);
      const waits = await ann.start('pay');
      const { approval_id } = await ann.approvalOf(waits);
      const before = bank.executed.length;
      await pdp?.process.stop('SIGKILL');
      const { state, decisions } = await ann.run('read');
      expect(state).toBe('failed');
      expect(decisions).toEqual([
        expect.objectContaining({ action: 'run.start', decision: 'deny', reason_code: 'pdp_unavailable' }),
      ]);
      const bea = person('bea', ['arp-approver', 'boss', 'canceler']);
      for (const path of [`approvals/${approval_id}:approve`, `runs/${waits.run_id}:cancel`]) {
        const error = refusal(await bea.ask(path, {}), 403, 'forbidden');
        expect(error.details).toEqual({ reason_code: 'pdp_unavailable' });
      }
      const { status, checks } = conforming(Health, await call('GET', `${coordinator.url}/v1/health`));
      expect(status).toBe('degraded');
      expect(checks).toContainEqual(expect.objectContaining({ name: 'pdp', status: 'down' }));
      expect(bank.executed.length).toBe(before);
    });
  }
});
