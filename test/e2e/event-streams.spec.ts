import { jest } from '@jest/globals';
import type { Server, Socket } from 'node:net';
import { readSettings } from '#config';
import { NodeRunsCreateResponse, Run } from '#contract';
import type { RunEvent } from '#contract';
import { listen } from '#http';
import { createTestDatabase } from '#testing';
import type { TestDatabase } from '#testing';
import { createCoordinator, provideCoordinatorDatabase } from '../../apps/coordinator/src/coordinator.app.js';
import type { CoordinatorApp } from '../../apps/coordinator/src/coordinator.app.js';
import { coordinatorSettings } from '../../apps/coordinator/src/coordinator.config.js';
import { CommitSignalService } from '../../apps/coordinator/src/event-streams/commit-signal.service.js';
import { EventStreamsRepository } from '../../apps/coordinator/src/event-streams/event-streams.repository.js';
import type { EventRows } from '../../apps/coordinator/src/event-streams/event-streams.repository.js';
import { createGateway } from '../../apps/gateway/src/gateway.app.js';
import { gatewaySettings } from '../../apps/gateway/src/gateway.config.js';
import { layLine, openEvents, openEventsPatiently, openSilently } from './event-readers.js';
import type { EventReader } from './event-readers.js';
import { call, conforming, eventsOf, refusal } from './http.js';

interface Coordinator {
  readonly url: string;
  readonly app: CoordinatorApp['app'];
  stop(): Promise<void>;
}

/** A coordinator that dispatches nothing: runs go on only when the test reports. */
async function startCoordinator(databaseUrl: string, env: Readonly<Record<string, string>> = {}): Promise<Coordinator> {
  const settings = readSettings(coordinatorSettings, {
    ARP_AUTH_PROFILE: 'dev-insecure',
    JARVIS_POLICY_PROFILE: 'dev-allow',
    JARVIS_RUN_COORDINATOR_AUTO_DISPATCH: 'false',
    LOG_LEVEL: 'silent',
    DATABASE_URL: databaseUrl,
    ...env,
  });
  const database = await provideCoordinatorDatabase(settings, () => undefined);
  const coordinator = await createCoordinator(settings, database);
  const url = await listen(coordinator, { host: '127.0.0.1', port: 0, portSetting: 'ARP_RUN_COORDINATOR_PORT' });
  return {
    url,
    app: coordinator.app,
    stop: async () => {
      await coordinator.stop();
      await database.release();
    },
  };
}

async function startGateway(env: Readonly<Record<string, string>>) {
  const gateway = await createGateway(readSettings(gatewaySettings, { LOG_LEVEL: 'silent', ...env }));
  const url = await listen(gateway, { host: '127.0.0.1', port: 0, portSetting: 'ARP_RUN_GATEWAY_PORT' });
  return { url, stop: gateway.stop };
}

const ref = (node_type_id: string) => ({ node_type_id, version: '1' });
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);
const seqs = (events: readonly RunEvent[]) => events.map(({ seq }) => seq);
const hasSeq = (seq: number) => (reader: EventReader) => reader.text().includes(`"seq":${seq},`);
const leave = (readers: readonly EventReader[]) => readers.forEach((reader) => reader.leave());
const sleep = (ms: number) => new Promise((settle) => setTimeout(settle, ms));
const until = async (isSo: () => boolean) => {
  while (!isSo()) await sleep(5);
};

async function startRun(url: string, nodeTypeId = 'composite.plan'): Promise<Run> {
  return conforming(Run, await call('POST', `${url}/v1/runs`, { root_node_type_ref: ref(nodeTypeId), input: {} }));
}

/** Appends one event to the run of a node run. */
async function append(url: string, nodeRunId: string): Promise<void> {
  const report = { evaluation_result: { status: 'success' } };
  expect((await call('POST', `${url}/v1/node-runs/${nodeRunId}:evaluation`, report)).status).toBe(204);
}

async function createChildren(url: string, run: Run, parent: string, types: readonly string[]): Promise<string[]> {
  const node_runs = types.map((type) => ({ node_type_ref: ref(type), inputs: {} }));
  const request = { run_id: run.run_id, parent_node_run_id: parent, node_runs };
  const created = conforming(NodeRunsCreateResponse, await call('POST', `${url}/v1/node-runs`, request));
  return created.node_runs.map(({ node_run_id }) => node_run_id);
}

/** With 1,000 readers in this process the database may seem to be away for a moment; a cancel can be repeated. */
const cancel = async (url: string, runId: string) => {
  const ask = async () => (await call('POST', `${url}/v1/runs/${runId}:cancel`)).status;
  let status = await ask();
  while (status === 503) status = await ask();
  expect(status).toBe(200);
};

/** How many events each page had that was read so far. */
async function pageSizes(findEvents: jest.SpiedFunction<EventStreamsRepository['findEvents']>): Promise<number[]> {
  const statements = await Promise.all(findEvents.mock.results.map(({ value }) => value as Promise<EventRows[]>));
  return statements.flatMap((pages) => pages.map(({ rows }) => rows.length));
}

/** Appends events behind the back of every coordinator, as one that is not of this process does; to all runs in one commit. */
async function appendBySql(
  database: TestDatabase,
  runIds: readonly string[],
  events: { readonly count: number; readonly bytes?: number; readonly completes?: boolean },
): Promise<void> {
  const { count, bytes = 10, completes = false } = events;
  await database.query(
    `with of_run as (
       update runs set last_seq = last_seq + $2::int,
              state = case when $4 then 'succeeded' else state end, ended_at = case when $4 then now() else ended_at end
        where run_id = any($1::text[])
       returning bucket, run_id, last_seq
     )
     insert into run_events (bucket, run_id, seq, time, type, node_run_id, data)
     select bucket, run_id, last_seq - $2::int + n, now(),
            case when $4 and n = $2::int then 'run_completed' else 'node_evaluated' end, null,
            json_build_object('text', repeat('x', $3::int))
       from of_run, generate_series(1, $2::int) as n`,
    [runIds, count, bytes, completes],
  );
}

describe('event streams of a coordinator', () => {
  let database: TestDatabase;
  let one: Coordinator;
  let other: Coordinator;
  beforeAll(async () => {
    database = await createTestDatabase();
    one = await startCoordinator(database.url);
    other = await startCoordinator(database.url);
  });
  afterAll(async () => {
    await one.stop();
    await other.stop();
    await database.drop();
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  const ofRun = ({ run_id }: Pick<Run, 'run_id'>, query = '') => `${one.url}/v1/runs/${run_id}/events${query}`;
  const ofNodeRun = (nodeRunId: string, query = '') => `${one.url}/v1/node-runs/${nodeRunId}/events${query}`;
  const signals = () => one.app.get(CommitSignalService);

  it('answers in NDJSON, or in Server-Sent Events where those are preferred, and is never stored or held back', async () => {
    const run = await startRun(one.url);
    for (const url of [ofRun(run), ofNodeRun(run.root_node_run_id)]) {
      for (const [accept, type] of [
        ['*/*', 'application/x-ndjson'],
        ['application/x-ndjson, text/event-stream;q=0.5', 'application/x-ndjson'],
        ['text/html', 'application/x-ndjson'],
        ['text/event-stream', 'text/event-stream'],
        ['application/x-ndjson;q=0.2, text/event-stream;q=0.4', 'text/event-stream'],
      ] as const) {
        const reader = await openEvents(url, { accept });
        expect(reader.response.status).toBe(200);
        expect(reader.response.headers.get('content-type')).toBe(type);
        expect(reader.response.headers.get('cache-control')).toBe('no-store');
        expect(reader.response.headers.get('x-accel-buffering')).toBe('no');
        expect(seqs(await reader.ended)).toEqual([1, 2, 3]);
      }
    }
    const sse = await openEvents(ofRun(run), { accept: 'text/event-stream' });
    const [first] = await sse.ended;
    expect(sse.text().split('\n\n')[0]).toBe(`id: 1\ndata: ${JSON.stringify(first)}`);
  });

  it('begins after the cursor, which Last-Event-ID can be, and ends at the limit', async () => {
    const run = await startRun(one.url);
    await appendBySql(database, [run.run_id], { count: 997 });
    expect(seqs(await eventsOf(ofRun(run)))).toEqual(upTo(1_000));
    expect(seqs(await eventsOf(ofRun(run, '?cursor=150&limit=201')))).toEqual(upTo(351).slice(150));
    expect(seqs(await eventsOf(ofRun(run, '?limit=1')))).toEqual([1]);
    expect(seqs(await eventsOf(ofRun(run, '?limit=3&follow=1')))).toEqual([1, 2, 3]);
    expect(await eventsOf(ofRun(run, '?cursor=1000'))).toEqual([]);
    for (const [query, seen] of [
      ['', 999],
      ['?cursor=998', 998],
    ] as const) {
      const reader = await openEvents(ofRun(run, query), { 'last-event-id': '999' });
      expect(seqs(await reader.ended)).toEqual(upTo(1_000).slice(seen));
    }
  });

  it('reads events that are large in pages that are not', async () => {
    const run = await startRun(one.url);
    await appendBySql(database, [run.run_id], { count: 30, bytes: 100_000 });
    const findEvents = jest.spyOn(EventStreamsRepository.prototype, 'findEvents');
    expect(seqs(await eventsOf(ofRun(run)))).toEqual(upTo(33));
    expect(Math.max(...(await pageSizes(findEvents)))).toBeLessThan(8);
  });

  it('refuses a bad parameter or Last-Event-ID by its name, and what is unknown with 404, in an envelope', async () => {
    const run = await startRun(one.url);
    for (const accept of ['application/x-ndjson', 'text/event-stream']) {
      for (const url of [ofRun(run), ofNodeRun(run.root_node_run_id)]) {
        const bad = await call('GET', `${url}?limit=0&follow=perhaps`, undefined, { accept, 'last-event-id': 'x' });
        expect(refusal(bad, 400, 'invalid_request').details).toMatchObject({
          issues: [{ path: 'Last-Event-ID' }, { path: 'limit' }, { path: 'follow' }],
        });
      }
      for (const query of ['', '?follow=1']) {
        const nobody = { run_id: 'run_nobody' };
        refusal(await call('GET', ofRun(nobody, query), undefined, { accept }), 404, 'run_not_found');
        for (const id of ['nobody', `node_run_${'0'.repeat(32)}`]) {
          refusal(await call('GET', ofNodeRun(id, query), undefined, { accept }), 404, 'node_run_not_found');
        }
      }
    }
  });

  it('follows a run that this and another coordinator write, and ends after run_completed', async () => {
    const run = await startRun(one.url);
    const readers = [
      await openEvents(ofRun(run, '?follow=1')),
      await openEvents(ofRun(run, '?follow=1'), { accept: 'text/event-stream' }),
      await openEvents(ofRun(run, '?follow=1&cursor=5')),
      await openEvents(`${other.url}/v1/runs/${run.run_id}/events?follow=1`),
    ];
    for (const [index, writer] of [one, other, other, one, other].entries()) {
      await append(writer.url, run.root_node_run_id);
      const seq = index + 4;
      for (const reader of seq > 5 ? readers : []) await reader.until(hasSeq(seq));
    }
    await cancel(other.url, run.run_id);
    const all = await Promise.all(readers.map(({ ended }) => ended));
    expect(all.map(seqs)).toEqual([upTo(9), upTo(9), [6, 7, 8, 9], upTo(9)]);
    for (const events of all) {
      expect(events.at(-1)).toMatchObject({ type: 'run_completed', data: { state: 'canceled' } });
    }
    expect(signals().followers).toBe(0);
  });

  it('ends at once for a run that has ended, and at its end for a cursor that is ahead of it', async () => {
    const run = await startRun(one.url);
    const ahead = await openEvents(ofRun(run, '?follow=1&cursor=100'));
    await cancel(other.url, run.run_id);
    expect(await ahead.ended).toEqual([]);
    expect(seqs(await eventsOf(ofRun(run, '?follow=1')))).toEqual([1, 2, 3, 4]);
    for (const cursor of [4, 100]) expect(await eventsOf(ofRun(run, `?follow=1&cursor=${cursor}`))).toEqual([]);
    expect(seqs(await eventsOf(ofNodeRun(run.root_node_run_id, '?follow=1')))).toEqual([1, 2, 3]);
    expect(await eventsOf(ofNodeRun(run.root_node_run_id, '?follow=1&cursor=9'))).toEqual([]);
  });

  it('ends for a run whose last events are gone with their partition, or that is gone itself', async () => {
    // What another coordinator wrote is read from the database.
    const [over, deleted] = [await startRun(other.url), await startRun(other.url)];
    await cancel(other.url, over.run_id);
    await database.query('delete from run_events where run_id = $1 and seq > 2', [over.run_id]);
    expect(seqs(await eventsOf(ofRun(over, '?follow=1')))).toEqual([1, 2]);
    const reader = await openEvents(ofRun(deleted, '?follow=1'));
    await reader.until(hasSeq(3));
    await database.query('delete from runs where run_id = $1', [deleted.run_id]);
    expect(seqs(await reader.ended)).toEqual([1, 2, 3]);
  });

  it('sends the headers at once and keep-alives while the run is silent', async () => {
    const chatty = await startCoordinator(database.url, { ARP_EVENT_STREAM_KEEP_ALIVE_MS: '20' });
    try {
      const run = await startRun(one.url);
      const accept = 'text/event-stream';
      const ndjson = await openEvents(`${chatty.url}/v1/runs/${run.run_id}/events?follow=1&cursor=3`);
      const sse = await openEvents(`${chatty.url}/v1/node-runs/${run.root_node_run_id}/events?follow=1&cursor=3`, {
        accept,
      });
      await ndjson.until((reader) => reader.text() === '\n\n\n');
      await sse.until((reader) => reader.text().startsWith(': keep-alive\n\n: keep-alive\n\n'));
      await append(one.url, run.root_node_run_id);
      await Promise.all([ndjson.until(hasSeq(4)), sse.until(hasSeq(4))]);
      await cancel(chatty.url, run.run_id);
      expect(seqs(await ndjson.ended)).toEqual([4, 5]);
      expect(seqs(await sse.ended)).toEqual([4]);
      // Without follow there is nothing to keep alive.
      expect((await openEvents(`${chatty.url}/v1/runs/${run.run_id}/events?cursor=9`)).text()).toBe('');
    } finally {
      await chatty.stop();
    }
  });

  it('shows of a node run its own events and those of the node runs below it, with the seq of the run', async () => {
    const run = await startRun(one.url);
    const [left, right] = (await createChildren(one.url, run, run.root_node_run_id, [
      'composite.l',
      'composite.r',
    ])) as [string, string];
    const [leaf] = (await createChildren(one.url, run, left, ['composite.leaf'])) as [string];
    const live = await openEvents(ofNodeRun(left, '?follow=1'));
    const late = await openEvents(ofNodeRun(left, '?follow=1&cursor=8'));
    const [below] = (await createChildren(other.url, run, leaf, ['atomic.below'])) as [string];
    const [beside] = (await createChildren(other.url, run, right, ['atomic.beside'])) as [string];
    for (const id of [below, beside, leaf, right, left, run.root_node_run_id]) await append(other.url, id);
    await cancel(one.url, run.run_id);
    // 1-3 start; 4-6 the root's children; 7-8 left's; 9-10 leaf's; 11-12 right's; 13-18 one evaluation of each; 19-23 one cancel of
    // each below the root; 24 the end.
    const events = await eventsOf(ofRun(run));
    expect(events).toHaveLength(24);
    const canceled = events.filter(
      ({ seq, node_run_id }) => seq > 18 && [left, leaf, below].includes(node_run_id ?? ''),
    );
    expect(canceled).toHaveLength(3);
    const expected = [5, 7, 8, 9, 10, 13, 15, 17, ...seqs(canceled)];
    expect(seqs(await live.ended)).toEqual(expected);
    expect(seqs(await late.ended)).toEqual(expected.filter((seq) => seq > 8));
    expect(await eventsOf(ofNodeRun(left))).toEqual(events.filter(({ seq }) => expected.includes(seq)));
    expect(seqs(await eventsOf(ofNodeRun(left, '?cursor=8&limit=3')))).toEqual([9, 10, 13]);
    const end = seqs(canceled.filter(({ node_run_id }) => node_run_id === below));
    for (const cursor of [0, 12]) {
      const its = [...(cursor === 0 ? [10] : []), 13, ...end];
      expect(seqs(await eventsOf(ofNodeRun(below, `?cursor=${cursor}`)))).toEqual(its);
    }
    expect(seqs(await eventsOf(ofNodeRun(run.root_node_run_id)))).toEqual(upTo(23));
  });

  it('lets go of everything at once when readers hang up', async () => {
    const run = await startRun(one.url);
    const findMovedHeads = jest.spyOn(EventStreamsRepository.prototype, 'findMovedHeads');
    const readers = await Promise.all(
      upTo(20).map((index) =>
        openEvents(index % 2 === 0 ? ofRun(run, '?follow=1') : ofNodeRun(run.root_node_run_id, '?follow=1')),
      ),
    );
    await Promise.all(readers.map((reader) => reader.until(hasSeq(3))));
    expect(signals().followers).toBe(20);
    await until(() => findMovedHeads.mock.calls.length > 0);
    leave(readers);
    await until(() => signals().followers === 0);
    await sleep(100);
    const looks = findMovedHeads.mock.calls.length;
    await sleep(150);
    expect(findMovedHeads.mock.calls).toHaveLength(looks);
  });

  it('does not follow for a HEAD request', async () => {
    const run = await startRun(one.url);
    const response = await fetch(ofRun(run, '?follow=1'), { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect(signals().followers).toBe(0);
  });

  it('delivers every event once to 1,000 followers of one run, whoever commits, and reads it for all of them together', async () => {
    const run = await startRun(one.url);
    const readers = await Promise.all(upTo(1_000).map(() => openEventsPatiently(ofRun(run, '?follow=1'))));
    await Promise.all(readers.map((reader) => reader.until(hasSeq(3))));
    expect(signals().followers).toBe(1_000);
    const findEvents = jest.spyOn(one.app.get(EventStreamsRepository), 'findEvents');
    for (const writer of [one, other, one, other, one, other]) {
      await append(writer.url, run.root_node_run_id);
    }
    await appendBySql(database, [run.run_id], { count: 250 });
    await cancel(other.url, run.run_id);
    for (const reader of readers) expect(seqs(await reader.ended)).toEqual(upTo(260));
    // 8 commits; a few groups of followers may be a commit apart.
    expect(findEvents.mock.calls.length).toBeLessThan(200);
    expect(signals().followers).toBe(0);
  });

  it('delivers every event once to the followers of 1,000 runs, found in one statement at a time', async () => {
    const runs = upTo(1_000).map((index) => `many-${index}`);
    await database.query(
      `insert into runs (bucket, run_id, state, root_node_run_id, last_seq, created_at)
       select get_byte(sha256(convert_to(id, 'utf8')), 0), id, 'running', 'node_run_of_' || id, 0, now() from unnest($1::text[]) as id`,
      [runs],
    );
    const readers = await Promise.all(runs.map((run_id) => openEventsPatiently(ofRun({ run_id }, '?follow=1'))));
    const findMovedHeads = jest.spyOn(one.app.get(EventStreamsRepository), 'findMovedHeads');
    for (const completes of [false, false, true]) {
      await appendBySql(database, runs, { count: 3, completes });
    }
    for (const [index, reader] of readers.entries()) {
      const events = await reader.ended;
      expect(seqs(events)).toEqual(upTo(9));
      expect(new Set(events.map(({ run_id }) => run_id))).toEqual(new Set([runs[index]]));
    }
    expect(Math.max(...findMovedHeads.mock.calls.map(([, known]) => known.length))).toBeGreaterThan(900);
    expect(signals().followers).toBe(0);
  });

  it('holds little for a reader that does not read, however much there is', async () => {
    const run = await startRun(one.url);
    const findEvents = jest.spyOn(one.app.get(EventStreamsRepository), 'findEvents');
    // The service's end of the connection.
    const connected = new Promise<Socket>((settle) => {
      (one.app.getHttpServer() as Server).once('connection', settle);
    });
    const silent = await openSilently(ofRun(run, '?follow=1'));
    const socket = await connected;
    await appendBySql(database, [run.run_id], { count: 30_000, bytes: 2_000, completes: true });
    // It has stopped when the rows that it read no longer become more.
    const rowsRead = async () => (await pageSizes(findEvents)).reduce((sum, rows) => sum + rows, 0);
    let before = -1;
    while (before !== (await rowsRead())) {
      before = await rowsRead();
      await sleep(300);
    }
    // What the kernel takes in for both ends, and a page: of 60 MB a small part.
    expect(before).toBeLessThan(10_000);
    expect(socket.writableLength).toBeLessThan(300_000);
    const text = await silent.readAll();
    const read = [...text.matchAll(/^\{"run_id":.*"seq":(\d+),/gm)].map(([, seq]) => Number(seq));
    expect(read).toEqual(upTo(30_003));
  });

  it('outlasts a database that is away for a while, as a follower; without follow it says so', async () => {
    const { hostname, port } = new URL(database.url);
    const line = await layLine({ host: hostname, port: Number(port || 5432) });
    const url = new URL(database.url);
    url.port = String(line.port);
    url.hostname = '127.0.0.1';
    const remote = await startCoordinator(url.href);
    try {
      const run = await startRun(one.url);
      const reader = await openEvents(`${remote.url}/v1/runs/${run.run_id}/events?follow=1`);
      await reader.until(hasSeq(3));
      await line.cut();
      await append(one.url, run.root_node_run_id);
      const away = await call('GET', `${remote.url}/v1/runs/${run.run_id}/events`);
      expect(refusal(away, 503, 'database_unavailable').retryable).toBe(true);
      await sleep(300);
      await line.mend();
      await reader.until(hasSeq(4));
      await cancel(one.url, run.run_id);
      expect(seqs(await reader.ended)).toEqual([1, 2, 3, 4, 5]);
    } finally {
      await remote.stop();
      await line.cut();
    }
  });

  it('answers with an envelope when the first page cannot be read', async () => {
    const run = await startRun(other.url);
    jest.spyOn(one.app.get(EventStreamsRepository), 'findEvents').mockRejectedValueOnce(new Error('a defect'));
    refusal(await call('GET', ofRun(run)), 500, 'internal_error');
  });

  it('ends the streams of followers when it stops', async () => {
    const stopping = await startCoordinator(database.url);
    const run = await startRun(stopping.url);
    const reader = await openEvents(`${stopping.url}/v1/runs/${run.run_id}/events?follow=1`);
    await reader.until(hasSeq(3));
    await stopping.stop();
    expect(seqs(await reader.ended)).toEqual([1, 2, 3]);
  });
});

describe('event streams of a gateway', () => {
  it('passes on what its coordinator has, with its own keep-alives, however silent the run is', async () => {
    const database = await createTestDatabase();
    const coordinator = await startCoordinator(database.url, { ARP_EVENT_STREAM_KEEP_ALIVE_MS: '3600000' });
    const gateway = await startGateway({
      ARP_RUN_COORDINATOR_URL: coordinator.url,
      ARP_RUN_COORDINATOR_TIMEOUT_MS: '1000',
      ARP_EVENT_STREAM_KEEP_ALIVE_MS: '300',
    });
    try {
      const run = await startRun(gateway.url);
      const url = `${gateway.url}/v1/runs/${run.run_id}/events`;
      const ndjson = await openEvents(`${url}?follow=1&cursor=1`);
      const sse = await openEvents(`${url}?follow=1`, { accept: 'text/event-stream', 'last-event-id': '2' });
      // Far longer than the gateway waits for answers.
      await ndjson.until((reader) => reader.text().endsWith('\n'.repeat(10)));
      await sse.until((reader) => reader.text().split(': keep-alive\n\n').length > 8);
      await append(coordinator.url, run.root_node_run_id);
      await Promise.all([ndjson.until(hasSeq(4)), sse.until(hasSeq(4))]);
      await cancel(gateway.url, run.run_id);
      expect(seqs(await ndjson.ended)).toEqual([2, 3, 4, 5]);
      expect(seqs(await sse.ended)).toEqual([3, 4, 5]);
      expect(seqs(await eventsOf(`${url}?cursor=1&limit=2`))).toEqual([2, 3]);
      refusal(await call('GET', `${gateway.url}/v1/runs/run_nobody/events?follow=1`), 404, 'run_not_found');
    } finally {
      await gateway.stop();
      await coordinator.stop();
      await database.drop();
    }
  });

  it('follows for 300 readers without holding up requests, and lets go of the coordinator when they hang up', async () => {
    const database = await createTestDatabase();
    const coordinator = await startCoordinator(database.url, { ARP_EVENT_STREAM_KEEP_ALIVE_MS: '100' });
    const gateway = await startGateway({
      ARP_RUN_COORDINATOR_URL: coordinator.url,
      // However long the test takes, the gateway has none of its own.
      ARP_EVENT_STREAM_KEEP_ALIVE_MS: '3600000',
    });
    try {
      const run = await startRun(gateway.url);
      const url = `${gateway.url}/v1/runs/${run.run_id}/events?follow=1`;
      const readers = await Promise.all(upTo(300).map(() => openEventsPatiently(url)));
      await Promise.all(readers.map((reader) => reader.until(hasSeq(3))));
      const signals = coordinator.app.get(CommitSignalService);
      expect(signals.followers).toBe(300);
      expect((await call('GET', `${gateway.url}/v1/runs/${run.run_id}`)).status).toBe(200);
      // The coordinator's keep-alives are no events, and not the gateway's.
      await sleep(300);
      await append(coordinator.url, run.root_node_run_id);
      for (const reader of readers) {
        await reader.until(hasSeq(4));
        expect(reader.text().split('\n')).toHaveLength(5);
      }
      leave(readers);
      await until(() => signals.followers === 0);
    } finally {
      await gateway.stop();
      await coordinator.stop();
      await database.drop();
    }
  });

  it('does the same alone, for the runs in its memory', async () => {
    const gateway = await startGateway({ ARP_EVENT_STREAM_KEEP_ALIVE_MS: '20' });
    try {
      const run = await startRun(gateway.url);
      const url = `${gateway.url}/v1/runs/${run.run_id}/events`;
      const [first, ahead] = [await openEvents(`${url}?follow=1`), await openEvents(`${url}?follow=1&cursor=9`)];
      const sse = await openEvents(`${url}?follow=1`, { accept: 'text/event-stream', 'last-event-id': '1' });
      await sse.until((reader) => reader.text() === ': keep-alive\n\n: keep-alive\n\n');
      expect(seqs(await eventsOf(url))).toEqual([1]);
      await cancel(gateway.url, run.run_id);
      expect(await Promise.all([first, ahead, sse].map(async ({ ended }) => seqs(await ended)))).toEqual([
        [1, 2],
        [],
        [2],
      ]);
      expect(seqs(await eventsOf(`${url}?follow=1&limit=1`))).toEqual([1]);
      expect(await eventsOf(`${url}?follow=1&cursor=2`)).toEqual([]);
    } finally {
      await gateway.stop();
    }
  });
});
