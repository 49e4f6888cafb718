import { ArpClient, ArpConflictError, ArpInvalidRequestError, ArpNotFoundError } from '@arp-jarvis/client';
import type { NodeRun, Run, RunEvent } from '@arp-jarvis/client';
import { inOneProcess } from './suites.js';
import type { SuiteUnderTest } from './suites.js';

const ECHO = { root_node_type_ref: { node_type_id: 'jarvis.core.echo', version: '0.1.0' }, input: { text: 'Hello' } };
const SLEEP = { root_node_type_ref: { node_type_id: 'jarvis.core.sleep', version: '0.1.0' }, input: { seconds: 600 } };
const GATED = { ...ECHO, constraints: { gates: { require_approval: true } } };

async function all<T>(listing: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of listing) items.push(item);
  return items;
}

describe('ArpClient and the suite', () => {
  let suite: SuiteUnderTest;
  let arp: ArpClient;
  beforeAll(async () => {
    suite = await inOneProcess();
    arp = new ArpClient({
      baseUrl: suite.gateway,
      coordinatorUrl: suite.coordinator,
      atomicExecutorUrl: suite.executor,
    });
  });
  afterAll(async () => {
    await arp.close();
    await suite.stop();
  });

  it('starts, follows and waits for a run, and reads what came of it', async () => {
    const started = await arp.runs.start(ECHO);
    const events: RunEvent[] = await all(arp.runs.events(started.run_id, { follow: true }));
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.at(0)?.type).toBe('run_started');
    expect(events.at(-1)?.type).toBe('run_completed');
    const run: Run = await arp.runs.wait(started.run_id);
    expect(run).toMatchObject({ run_id: started.run_id, state: 'succeeded' });
    const nodeRuns: NodeRun[] = await all(arp.runs.nodeRuns(run.run_id));
    expect(nodeRuns).toMatchObject([{ node_run_id: run.root_node_run_id, outputs: { echo: { text: 'Hello' } } }]);
    expect(await arp.nodeRuns.get(run.root_node_run_id)).toEqual(nodeRuns[0]);
    expect(await all(arp.runs.events(run.run_id, { cursor: 2 }))).toEqual(events.slice(2));
    expect(await all(arp.runs.events(run.run_id, { follow: true, cursor: events.length }))).toEqual([]);
  });

  it('starts a run once for one key', async () => {
    const first = await arp.runs.start(ECHO, { idempotencyKey: 'a-"quoted"-key' });
    expect((await arp.runs.start(ECHO, { idempotencyKey: 'a-"quoted"-key' })).run_id).toBe(first.run_id);
    const other = arp.runs.start({ ...ECHO, input: { text: 'else' } }, { idempotencyKey: 'a-"quoted"-key' });
    await expect(other).rejects.toBeInstanceOf(ArpConflictError);
    await expect(other).rejects.toMatchObject({ code: 'idempotency_conflict', status: 409, retryable: false });
  });

  it('cancels a run that somebody follows', async () => {
    const { run_id } = await arp.runs.start(SLEEP);
    const types: string[] = [];
    for await (const { type } of arp.runs.events(run_id, { follow: true })) {
      types.push(type);
      if (type === 'node_run_assigned') expect(await arp.runs.cancel(run_id)).toMatchObject({ run_id });
    }
    expect(types.at(-1)).toBe('run_completed');
    expect(await arp.runs.wait(run_id)).toMatchObject({ state: 'canceled' });
  });

  it('stops to wait and to follow when it is told to', async () => {
    const { run_id } = await arp.runs.start(SLEEP);
    await expect(arp.runs.wait(run_id, { timeoutMs: 50 })).rejects.toMatchObject({ name: 'ArpTimeoutError' });
    const abort = new AbortController();
    const following = all(arp.runs.events(run_id, { follow: true, signal: abort.signal }));
    abort.abort(new Error('enough'));
    await expect(following).rejects.toThrow('enough');
    for await (const event of arp.runs.events(run_id, { follow: true })) if (event.seq > 1) break;
    await arp.runs.cancel(run_id);
  });

  it('lists runs and node types page by page', async () => {
    const started: string[] = [];
    for (let n = 0; n < 5; n += 1) started.push((await arp.runs.start({ ...ECHO, input: { n } })).run_id);
    const page = await arp.runs.listPage({ limit: 2 });
    expect(page.items.map(({ run_id }) => run_id)).toEqual([started[4], started[3]]);
    const next = await arp.runs.listPage({ limit: 2, pageToken: page.nextPageToken });
    expect(next.items.map(({ run_id }) => run_id)).toEqual([started[2], started[1]]);
    const runs = await all(
      arp.runs.list({ limit: 2, node_type_id: 'jarvis.core.echo', state: ['queued', 'running', 'succeeded'] }),
    );
    expect(runs.map(({ run_id }) => run_id).slice(0, 5)).toEqual(started.reverse());
    expect((await arp.nodeTypes.list()).map(({ node_type_id }) => node_type_id)).toContain('jarvis.core.echo');
    await expect(arp.runs.listPage({ limit: 0 })).rejects.toBeInstanceOf(ArpInvalidRequestError);
  });

  it('decides on approvals', async () => {
    const pendingOf = async (run_id: string) => {
      for await (const { type } of arp.runs.events(run_id, { follow: true })) if (type === 'policy_decided') break;
      const [approval] = await all(arp.approvals.list({ run_id, state: 'pending' }));
      expect(await arp.approvals.get(approval?.approval_id ?? '')).toEqual(approval);
      return approval?.approval_id ?? '';
    };
    const good = await arp.runs.start(GATED);
    const approved = await arp.approvals.approve(await pendingOf(good.run_id), { comment: 'fine' });
    expect(approved).toMatchObject({ state: 'approved', comment: 'fine', run_id: good.run_id });
    expect(await arp.runs.wait(good.run_id)).toMatchObject({ state: 'succeeded' });
    const bad = await arp.runs.start(GATED);
    await arp.approvals.deny(await pendingOf(bad.run_id));
    expect(await arp.runs.wait(bad.run_id)).toMatchObject({ state: 'failed' });
    await expect(arp.approvals.deny(approved.approval_id)).rejects.toMatchObject({ code: 'approval_decided' });
  });

  it('says what there is not', async () => {
    await expect(arp.runs.get('no-such-run')).rejects.toBeInstanceOf(ArpNotFoundError);
    await expect(arp.runs.get('no-such-run')).rejects.toMatchObject({
      code: 'run_not_found',
      requestId: expect.any(String),
    });
    await expect(all(arp.runs.events('no-such-run', { follow: true }))).rejects.toMatchObject({
      code: 'run_not_found',
    });
    await expect(arp.runs.start({ root_node_type_ref: ECHO.root_node_type_ref } as never)).rejects.toMatchObject({
      code: 'invalid_request',
      details: expect.anything(),
    });
  });
});
