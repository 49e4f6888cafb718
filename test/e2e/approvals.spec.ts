import { Approval, ApprovalList, Run } from '#contract';
import type { NodeRun, RunEvent } from '#contract';
import { createTestDatabase, freePort, startProcess, startTokenIssuer, untilServing } from '#testing';
import type { ServiceProcess, TestDatabase, TokenClaims, TokenIssuer } from '#testing';
import { call, conforming, refusal } from './http.js';
import type { Answer } from './http.js';
import { inOneProcess } from './suites.js';
import type { SuiteUnderTest } from './suites.js';

const ECHO = { node_type_id: 'jarvis.core.echo', version: '0.1.0' };
const GATED = { root_node_type_ref: ECHO, input: { text: 'hi' }, constraints: { gates: { require_approval: true } } };

/** Answers as one person, at one service. */
class Person {
  constructor(
    private readonly base: string,
    private readonly token: string,
  ) {}

  ask<T = unknown>(path: string, body?: object): Promise<Answer<T>> {
    const headers = { authorization: `Bearer ${this.token}` };
    return call<T>(body === undefined ? 'GET' : 'POST', `${this.base}/v1/${path}`, body, headers);
  }

  async start(request: object = GATED): Promise<Run> {
    return conforming(Run, await this.ask('runs', request));
  }

  /** The approval that a run waits for. */
  async waitsFor({ run_id }: Run): Promise<Approval> {
    return eventually(async () => {
      const { approvals } = conforming(ApprovalList, await this.ask(`approvals?run_id=${run_id}&state=pending`));
      return approvals[0];
    });
  }

  async ended({ run_id }: Run): Promise<Run> {
    return eventually(async () => {
      const run = conforming(Run, await this.ask(`runs/${run_id}`));
      return ['succeeded', 'failed', 'canceled'].includes(run.state) ? run : undefined;
    });
  }

  async rootOf({ run_id }: Run): Promise<{ error?: { code: string; message: string } }> {
    const { body } = await this.ask<{ node_runs: NodeRun[] }>(`runs/${run_id}/node-runs`);
    return { error: body.node_runs[0]?.extensions?.['jarvis.completion_error'] as { code: string; message: string } };
  }

  async decisions({ run_id }: Run): Promise<(RunEvent['data'] & object)[]> {
    const text = await fetch(`${this.base}/v1/runs/${run_id}/events`, {
      headers: { authorization: `Bearer ${this.token}` },
    }).then((response) => response.text());
    const events = text.split('\n').filter((line) => line !== '');
    return events
      .map((line) => JSON.parse(line) as RunEvent)
      .filter(({ type }) => type === 'policy_decided')
      .map(({ data }) => data ?? {});
  }
}

async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let left = 600; left > 0; left -= 1) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((settle) => setTimeout(settle, 50));
  }
  throw new Error('it did not happen');
}

describe('what waits for an approval', () => {
  let issuer: TokenIssuer;
  let suite: SuiteUnderTest;
  let alice: Person;
  let anna: Person;
  let bob: Person;
  let carol: Person;

  beforeAll(async () => {
    issuer = await startTokenIssuer();
    suite = await inOneProcess({
      ARP_AUTH_PROFILE: 'dev-secure-keycloak',
      ARP_AUTH_ISSUER: issuer.issuer,
      JARVIS_POLICY_PROFILE: 'dev-allow',
      JARVIS_APPROVAL_EXPIRY_SECONDS: '3600',
    });
    const person = (claims: TokenClaims) => new Person(suite.gateway, issuer.token(claims));
    alice = person({ sub: 'alice', tenant_id: 'acme', roles: ['arp-user', 'arp-approver'] });
    anna = person({ sub: 'anna', tenant_id: 'acme', roles: ['arp-approver'] });
    carol = person({ sub: 'carol', tenant_id: 'acme', roles: ['arp-viewer'] });
    bob = person({ sub: 'bob', tenant_id: 'globex', roles: ['arp-approver'] });
  });
  afterAll(async () => {
    await suite.stop();
    await issuer.close();
  });

  it('runs when a second person approves; the events say who was asked for what, who decided, and why', async () => {
    const run = await alice.start();
    const approval = await alice.waitsFor(run);
    expect(approval).toMatchObject({
      state: 'pending',
      action: 'node.run.execute',
      run_id: run.run_id,
      node_run_id: run.root_node_run_id,
      node_type_ref: ECHO,
      requested_by: { type: 'user', id: 'alice' },
      reason_code: 'approval_required',
      inputs: { text: 'hi' },
    });
    expect(Date.parse(approval.expires_at) - Date.parse(approval.requested_at)).toBe(3_600_000);
    const comment = 'checked with "finance"';
    const approved = conforming(Approval, await anna.ask(`approvals/${approval.approval_id}:approve`, { comment }));
    expect(approved).toMatchObject({ state: 'approved', decided_by: { type: 'user', id: 'anna' }, comment });
    expect((await alice.ended(run)).state).toBe('succeeded');
    const approval_ref = { approval_id: approval.approval_id };
    expect(await alice.decisions(run)).toEqual([
      expect.objectContaining({ action: 'run.start', decision: 'allow' }),
      expect.objectContaining({ action: 'node.run.execute', decision: 'require_approval', approval_ref }),
      {
        action: 'approval.decide',
        decision: 'allow',
        reason_code: 'approved',
        message: comment,
        approval_ref,
        decided_by: { type: 'user', id: 'anna' },
      },
      expect.objectContaining({ action: 'node.run.execute', decision: 'allow', reason_code: 'approved', approval_ref }),
    ]);
  });

  it('fails when it is denied, with the reason', async () => {
    const run = await alice.start();
    const { approval_id } = await anna.waitsFor(run);
    conforming(Approval, await anna.ask(`approvals/${approval_id}:deny`, { comment: 'not today' }));
    expect((await alice.ended(run)).state).toBe('failed');
    expect((await alice.rootOf(run)).error).toMatchObject({
      code: 'approval_denied',
      message: 'An approver denied it: not today',
    });
    refusal(await anna.ask(`approvals/${approval_id}:approve`, {}), 409, 'approval_decided');
  });

  it('is withdrawn when the run is canceled', async () => {
    const run = await alice.start();
    const { approval_id } = await alice.waitsFor(run);
    conforming(Run, await alice.ask(`runs/${run.run_id}:cancel`, {}));
    expect(conforming(Approval, await alice.ask(`approvals/${approval_id}`)).state).toBe('withdrawn');
    refusal(await anna.ask(`approvals/${approval_id}:approve`, {}), 409, 'approval_decided');
    expect((await alice.ended(run)).state).toBe('canceled');
  });

  it('is not decided by who asked, nor by who may not, nor by another tenant', async () => {
    const run = await alice.start();
    const { approval_id } = await alice.waitsFor(run);
    const own = refusal(await alice.ask(`approvals/${approval_id}:approve`, {}), 403, 'forbidden');
    expect(own.details).toEqual({ reason_code: 'four_eyes' });
    refusal(await carol.ask(`approvals/${approval_id}:approve`, {}), 403, 'forbidden');
    refusal(await bob.ask(`approvals/${approval_id}:approve`, {}), 404, 'approval_not_found');
    refusal(await bob.ask(`approvals/${approval_id}`), 404, 'approval_not_found');
    expect(conforming(ApprovalList, await bob.ask('approvals')).approvals).toEqual([]);
    expect(conforming(Approval, await carol.ask(`approvals/${approval_id}`)).state).toBe('pending');
    const long = await anna.ask(`approvals/${approval_id}:approve`, { comment: 'x'.repeat(2_001) });
    expect(refusal(long, 400, 'invalid_request').details).toMatchObject({ issues: [{ path: 'comment' }] });
    refusal(await anna.ask(`approvals/${approval_id}:deny`, { comment: 'a\0b' }), 400, 'invalid_request');
    refusal(await anna.ask('approvals/approval_nonsense'), 404, 'approval_not_found');
  });

  it('is decided once, whoever tries at the same moment; the same decision again is no error', async () => {
    const run = await alice.start();
    const { approval_id } = await anna.waitsFor(run);
    const verbs = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? 'approve' : 'deny'));
    const answers = await Promise.all(
      verbs.map(async (verb) => ({ verb, answer: await anna.ask<Approval>(`approvals/${approval_id}:${verb}`, {}) })),
    );
    const { state } = conforming(Approval, await anna.ask(`approvals/${approval_id}`));
    const won = state === 'approved' ? 'approve' : 'deny';
    for (const { verb, answer } of answers) {
      if (verb !== won) refusal(answer, 409, 'approval_decided');
      else expect([200, 409]).toContain(answer.status);
    }
    expect(answers.some(({ answer }) => answer.status === 200)).toBe(true);
    expect(conforming(Approval, await anna.ask(`approvals/${approval_id}:${won}`, {})).state).toBe(state);
    expect((await alice.ended(run)).state).toBe(state === 'approved' ? 'succeeded' : 'failed');
    expect((await alice.decisions(run)).filter(({ action }) => action === 'approval.decide')).toHaveLength(1);
  });

  it('pages through approvals, newest first', async () => {
    for (const run of [await alice.start(), await alice.start(), await alice.start()]) await alice.waitsFor(run);
    const seen: string[] = [];
    let token = '';
    do {
      const page = conforming(ApprovalList, await carol.ask(`approvals?limit=2&state=pending${token}`));
      seen.push(...page.approvals.map(({ approval_id }) => approval_id));
      token = page.pagination.next_page_token === undefined ? '' : `&page_token=${page.pagination.next_page_token}`;
    } while (token !== '');
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length).toBeGreaterThanOrEqual(3);
  });
});

describe('an approval outlives the coordinator', () => {
  let database: TestDatabase;
  const processes: ServiceProcess[] = [];
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(async () => {
    for (const process of processes) await process.stop();
    await database.drop();
  });

  async function start(
    app: string,
    env: Readonly<Record<string, string>>,
  ): Promise<{ url: string; process: ServiceProcess }> {
    const port = await freePort();
    const process = startProcess([`dist/apps/${app}/src/main.js`, '--port', String(port)], {
      ARP_AUTH_PROFILE: 'dev-insecure',
      JARVIS_POLICY_PROFILE: 'dev-allow',
      LOG_LEVEL: 'silent',
      DATABASE_URL: database.url,
      ...env,
    });
    processes.push(process);
    const url = `http://127.0.0.1:${port}`;
    await untilServing(process, url);
    return { url, process };
  }

  it('killed with -9 while it waits: another one shows it, takes the decision, and expires what nobody decides', async () => {
    const executor = await start('atomic-executor', {});
    const settings = { JARVIS_ATOMIC_EXECUTOR_URL: executor.url };
    const first = await start('coordinator', settings);
    const before = new Person(first.url, '');
    const [waiting, forgotten] = [await before.start(), await before.start()];
    const { approval_id } = await before.waitsFor(waiting);
    const other = await before.waitsFor(forgotten);
    first.process.process.kill('SIGKILL');
    await first.process.ended;

    const second = await start('coordinator', settings);
    const after = new Person(second.url, '');
    expect(conforming(Approval, await after.ask(`approvals/${approval_id}`)).state).toBe('pending');
    conforming(Approval, await after.ask(`approvals/${approval_id}:approve`, {}));
    expect((await after.ended(waiting)).state).toBe('succeeded');

    await database.query(`update timers set due_at = now() where kind = 'approval_expiry'`);
    expect((await after.ended(forgotten)).state).toBe('failed');
    expect(conforming(Approval, await after.ask(`approvals/${other.approval_id}`)).state).toBe('expired');
    expect((await after.rootOf(forgotten)).error).toMatchObject({ code: 'approval_expired' });
  });
});
