import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '#config';
import { PolicyDecisionApi } from '#contract';
import type { PolicyDecision, PolicyDecisionRequest, Principal, RequestContext } from '#contract';
import { createLogger } from '#http';
import type { Logger } from '#http';
import { LocalPolicy } from './local-policy.js';
import { PolicyCheckpoint } from './policy-checkpoint.js';
import { policySettings } from './policy-settings.js';
import { openPolicy } from './policy-source.js';
import { RemotePolicy } from './remote-policy.js';

const silent = createLogger('policy.spec', { LOG_LEVEL: 'silent' } as Parameters<typeof createLogger>[1]);
const START = { action: 'run.start', run_id: 'run-1', node_type_ref: { node_type_id: 'a.b', version: '1' } };

function as(principal: Partial<Principal> = {}): RequestContext {
  return {
    principal: { subject: 'nobody', ...principal },
    trace: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), flags: '00' },
    requestId: 'request-1',
    signal: new AbortController().signal,
  };
}
const ANN = { subject: 'ann', owner: 'tenant:acme', tenantId: 'acme', issuer: 'https://login', roles: ['canceler'] };

describe('the checkpoint with a policy of its own', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'policy-checkpoint-'));
  });
  afterAll(async () => rm(folder, { recursive: true }));

  async function checkpoint(
    settings: { profile?: 'dev-allow'; policy?: object | string },
    { isDryRun = false, logger = silent }: { isDryRun?: boolean; logger?: Logger } = {},
  ): Promise<PolicyCheckpoint> {
    const { profile, policy } = settings;
    const path = policy === undefined ? undefined : join(folder, 'policy.json');
    if (path !== undefined) await writeFile(path, typeof policy === 'string' ? policy : JSON.stringify(policy));
    const source = await openPolicy(
      readSettings(policySettings, {
        ...(profile === undefined ? {} : { JARVIS_POLICY_PROFILE: profile }),
        ...(path === undefined ? {} : { JARVIS_POLICY_PATH: path }),
      }),
    );
    // It is read once.
    await source.close();
    return new PolicyCheckpoint(new LocalPolicy(source, () => 'arp-run-coordinator'), isDryRun, logger);
  }
  const policyOf = (...Statement: object[]) => ({ Version: '2026-11-01', Statement });

  it.each([
    [{}, 'deny', 'policy_unconfigured'],
    [{ profile: 'dev-allow' as const }, 'allow', 'policy_bypass'],
    [{ policy: 'not JSON' }, 'deny', 'invalid_policy'],
    [{ profile: 'dev-allow' as const, policy: 'not JSON' }, 'allow', 'policy_bypass'],
  ])('has an answer where there is no policy: %j is %s, %s', async (settings, decision, reason_code) => {
    const answer = await (await checkpoint(settings)).decide(as(), START);
    expect(answer).toEqual({ decision, reason_code, message: expect.any(String) });
  });

  it('says which policy and which statement decided, and what an approval takes', async () => {
    const statement = {
      Sid: 'Ask',
      Effect: 'RequireApproval',
      Action: '*',
      Resource: 'node_type:a.*',
      Approval: { Roles: ['boss'], ExpiresInSeconds: 60, MaskInputs: ['/iban'], Reason: 'It costs.' },
    };
    const answer = await (await checkpoint({ policy: policyOf(statement) })).decide(as(), START);
    expect(answer).toEqual({
      decision: 'require_approval',
      reason_code: 'explicit_approval',
      message: 'It costs.',
      extensions: {
        'jarvis.policy_hash': expect.stringMatching(/^[0-9a-f]{64}$/),
        'jarvis.policy_version': '2026-11-01',
        'jarvis.policy_statement': 'Ask',
        'jarvis.approval': { roles: ['boss'], expires_in_seconds: 60, mask_inputs: ['/iban'] },
      },
    });
    // To the coordinator no roles at all mean that nobody may approve.
    const open = await checkpoint({ policy: policyOf({ ...statement, Approval: { ExpiresInSeconds: 60 } }) });
    expect((await open.decide(as(), START)).extensions?.['jarvis.approval']).toEqual({ expires_in_seconds: 60 });
  });

  it('asks of whom acts when somebody acts on what is there, and of whom it is for otherwise', async () => {
    const ofRole = (role: string) => ({
      Effect: 'Allow',
      Action: '*',
      Resource: '*',
      Condition: { StringEquals: { 'principal.roles': role } },
    });
    const it = await checkpoint({ policy: policyOf(ofRole('canceler')) });
    const forged = { run_context: { identity: { roles: ['canceler'] }, actor: { type: 'user', id: 'ann' } } };
    const decided = async (ctx: RequestContext, request: PolicyDecisionRequest, isIdentityVerified?: boolean) =>
      (await it.decide(ctx, request, isIdentityVerified === undefined ? {} : { isIdentityVerified })).decision;
    const cancel = { action: 'run.cancel', run_id: 'run-1' };
    expect(await decided(as(ANN), cancel)).toBe('allow');
    expect(await decided(as({ ...ANN, roles: ['other'] }), { ...cancel, ...forged }, true)).toBe('deny');
    // Without authentication.
    expect(await decided(as({ roles: ['canceler'] }), cancel)).toBe('deny');
    expect(await decided(as(ANN), START)).toBe('deny');
    expect(await decided(as(), { ...START, ...forged }, true)).toBe('allow');
    expect(await decided(as(), { ...START, ...forged })).toBe('deny');
  });

  it('allows in a dry run, and says what it would have done', async () => {
    const lines: object[] = [];
    const logger = { warn: (line: object) => lines.push(line) } as unknown as Logger;
    const policy = policyOf({ Sid: 'No', Effect: 'Deny', Action: '*', Resource: '*' });
    const answer = await (await checkpoint({ policy }, { isDryRun: true, logger })).decide(as(), START);
    expect(answer).toMatchObject({ decision: 'allow', reason_code: 'dry_run' });
    expect(lines).toEqual([
      expect.objectContaining({
        action: 'run.start',
        run_id: 'run-1',
        decision: 'deny',
        reason_code: 'explicit_deny',
        'jarvis.policy_statement': 'No',
      }),
    ]);
  });

  it('denies when it cannot ask', async () => {
    const broken = { decide: () => Promise.reject(new Error('defect')) };
    const answer = await new PolicyCheckpoint(broken, false, silent).decide(as(), START);
    expect(answer).toMatchObject({ decision: 'deny', reason_code: 'evaluation_error' });
  });
});

class FakePdp extends PolicyDecisionApi {
  readonly asked: PolicyDecisionRequest[] = [];
  answer: () => Promise<PolicyDecision> = () => Promise.reject(new Error('away'));

  async decidePolicy(_ctx: RequestContext, request: PolicyDecisionRequest): Promise<PolicyDecision> {
    this.asked.push(request);
    return this.answer();
  }

  async ping(): Promise<void> {}
}

describe('the checkpoint with a policy decision point', () => {
  const answering = (decision: PolicyDecision['decision'], hash?: string) => () =>
    Promise.resolve({ decision, ...(hash === undefined ? {} : { extensions: { 'jarvis.policy_hash': hash } }) });
  function remote(pdp: FakePdp, now = () => 0): RemotePolicy {
    return new RemotePolicy(pdp, { timeoutMs: 1_000, now }, silent);
  }

  it('denies while it is away, and asks again the next time', async () => {
    const pdp = new FakePdp();
    const policy = remote(pdp);
    expect(await policy.decide(as(), START, {})).toMatchObject({ decision: 'deny', reason_code: 'pdp_unavailable' });
    pdp.answer = answering('allow', 'h1');
    expect(await policy.decide(as(), START, {})).toMatchObject({ decision: 'allow' });
  });

  it('remembers an answer for a second at most, whatever the trace', async () => {
    let now = 1_000;
    const pdp = new FakePdp();
    pdp.answer = answering('allow', 'h1');
    const policy = remote(pdp, () => now);
    const traced = (trace_id: string) => policy.decide(as(), { ...START, run_context: { trace: { trace_id } } }, {});
    await traced('1');
    await traced('2');
    expect(pdp.asked).toHaveLength(1);
    now += 1_001;
    await traced('3');
    expect(pdp.asked).toHaveLength(2);
  });

  it('forgets all when an answer is of another policy', async () => {
    const pdp = new FakePdp();
    const policy = remote(pdp);
    const ask = (run_id: string) => policy.decide(as(), { ...START, run_id }, {});
    pdp.answer = answering('allow', 'h1');
    await ask('run-1');
    pdp.answer = answering('deny', 'h2');
    await ask('run-2');
    expect(await ask('run-1')).toMatchObject({ decision: 'deny' });
    expect(pdp.asked).toHaveLength(3);
  });

  it.each([
    ['an approval', answering('require_approval', 'h1')],
    ['an answer of no known policy', answering('allow')],
  ])('asks each time for %s', async (_, answer) => {
    const pdp = new FakePdp();
    pdp.answer = answer;
    const policy = remote(pdp);
    await policy.decide(as(), START, {});
    await policy.decide(as(), START, {});
    expect(pdp.asked).toHaveLength(2);
  });

  it('names nobody who is not known by a token', async () => {
    const pdp = new FakePdp();
    const policy = remote(pdp);
    const run_context = {
      tenant_id: 'acme',
      actor: { type: 'user', id: 'ann' },
      identity: { roles: ['x'] },
      budgets: {},
    };
    await policy.decide(as(), { ...START, run_context }, {});
    await policy.decide(as(), { ...START, run_context }, { isIdentityVerified: true });
    expect(pdp.asked.map((request) => request.run_context)).toEqual([{ budgets: {} }, run_context]);
  });
});
