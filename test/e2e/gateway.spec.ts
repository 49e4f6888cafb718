import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readSettings } from '#config';
import { Health, Run } from '#contract';
import { listen } from '#http';
import { freePort } from '#testing';
import { createGateway } from '../../apps/gateway/src/gateway.app.js';
import { gatewaySettings } from '../../apps/gateway/src/gateway.config.js';
import { call, conforming, eventsOf, refusal } from './http.js';

const RUN = { root_node_type_ref: { node_type_id: 'jarvis.core.echo', version: '0.1.0' }, input: {} };

async function startGateway(env: Record<string, string>) {
  const gateway = await createGateway(readSettings(gatewaySettings, { LOG_LEVEL: 'silent', ...env }));
  const url = await listen(gateway, { host: '127.0.0.1', port: 0, portSetting: 'ARP_RUN_GATEWAY_PORT' });
  return { url, stop: gateway.stop };
}

describe('a gateway in front of a coordinator', () => {
  it('answers 502 run_coordinator_unavailable, retryable, when nobody is there, and says so in its health', async () => {
    const gateway = await startGateway({ JARVIS_RUN_COORDINATOR_URL: `http://127.0.0.1:${await freePort()}/v1/` });
    try {
      const answers = [
        await call('POST', `${gateway.url}/v1/runs`, RUN),
        await call('GET', `${gateway.url}/v1/runs/run_1`),
        await call('POST', `${gateway.url}/v1/runs/run_1:cancel`),
        await call('GET', `${gateway.url}/v1/runs/run_1/events`),
      ];
      for (const answer of answers) expect(refusal(answer, 502, 'run_coordinator_unavailable').retryable).toBe(true);
      const health = conforming(Health, await call('GET', `${gateway.url}/v1/health`));
      expect(health).toMatchObject({ status: 'down', checks: [{ name: 'run_coordinator', status: 'down' }] });
    } finally {
      await gateway.stop();
    }
  });

  it('reads what a Python coordinator sends, and writes the standard', async () => {
    const nulls = {
      run_id: 'r1',
      state: 'running',
      root_node_run_id: 'n1',
      ended_at: null,
      run_context: null,
      extensions: { constraints: { a: null } },
    };
    const event = {
      run_id: 'r1',
      seq: 1,
      type: 'run_started',
      time: '2026-01-31T12:00:00Z',
      node_run_id: null,
      data: { x: null },
    };
    const peer = await startPeer((request, response) => {
      const events = JSON.stringify(`${JSON.stringify(event)}\n${JSON.stringify({ ...event, seq: 2 })}\n`);
      if (request.url?.includes('unknown') === true) {
        response.writeHead(404).end(JSON.stringify({ detail: 'Run not found' }));
      } else {
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(request.url?.endsWith('/events') === true ? events : JSON.stringify(nulls));
      }
    });
    const gateway = await startGateway({
      ARP_RUN_COORDINATOR_URL: peer.url,
      ARP_RUN_COORDINATOR_BEARER_TOKEN: 'peer-token',
    });
    try {
      const run = conforming(
        Run,
        await call('GET', `${gateway.url}/v1/runs/r1`, undefined, {
          'x-request-id': 'id-1',
          traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
          tracestate: 'v=1',
        }),
      );
      expect(run).toEqual({
        run_id: 'r1',
        state: 'running',
        root_node_run_id: 'n1',
        extensions: { 'jarvis.constraints': { a: null } },
      });
      expect(peer.headers).toMatchObject({
        authorization: 'Bearer peer-token',
        'x-request-id': 'id-1',
        tracestate: 'v=1',
      });
      expect(peer.headers?.['traceparent']).toMatch(new RegExp(`^00-${'a'.repeat(32)}-(?!b{16})[0-9a-f]{16}-01$`));
      const events = await eventsOf(`${gateway.url}/v1/runs/r1/events`);
      expect(events.map(({ seq, data }) => [seq, data])).toEqual([
        [1, { x: null }],
        [2, { x: null }],
      ]);
      refusal(await call('GET', `${gateway.url}/v1/runs/unknown`), 502, 'run_coordinator_unavailable');
    } finally {
      await gateway.stop();
      await peer.stop();
    }
  });

  it('that stops still answers what it has accepted, and gives up what nobody waits for', async () => {
    const asked: ServerResponse[] = [];
    let abandoned = 0;
    const peer = await startPeer((_, response) => {
      asked.push(response);
      response.on('close', () => (abandoned += response.writableEnded ? 0 : 1));
    });
    const gateway = await startGateway({ ARP_RUN_COORDINATOR_URL: peer.url });
    const untilAsked = async (count: number) => {
      while (asked.length < count) await new Promise((settle) => setTimeout(settle, 5));
    };
    const caller = new AbortController();
    const left = fetch(`${gateway.url}/v1/runs/r0`, { signal: caller.signal }).catch(() => undefined);
    await untilAsked(1);
    caller.abort();
    await left;
    while (abandoned === 0) await new Promise((settle) => setTimeout(settle, 5));
    const accepted = call('POST', `${gateway.url}/v1/runs`, RUN);
    await untilAsked(2);
    const stopped = gateway.stop();
    asked[1]?.end(JSON.stringify({ run_id: 'r1', state: 'queued', root_node_run_id: 'n1' }));
    expect((await accepted).status).toBe(200);
    await stopped;
    expect(abandoned).toBe(1);
    await peer.stop();
  });

  it('passes each event on when it comes, and lets go of the coordinator when the reader leaves', async () => {
    let send: ((line: object) => void) | undefined;
    let left: () => void = () => undefined;
    const readerLeft = new Promise<void>((settle) => (left = settle));
    const peer = await startPeer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.flushHeaders();
      send = (line) => response.write(`${JSON.stringify(line)}\n`);
      response.on('close', left);
    });
    const gateway = await startGateway({ ARP_RUN_COORDINATOR_URL: peer.url });
    try {
      const reader = new AbortController();
      const waiting = fetch(`${gateway.url}/v1/runs/r1/events?follow=1`, { signal: reader.signal });
      while (send === undefined) await new Promise((settle) => setTimeout(settle, 5));
      const first = { run_id: 'r1', seq: 1, type: 'run_started', time: '2026-01-31T12:00:00Z' };
      send(first);
      const chunks = ((await waiting).body as ReadableStream<Uint8Array>).getReader();
      // The second event is sent only after the first was read: a gateway that buffers would never deliver the first.
      for (const event of [first, { ...first, seq: 2 }]) {
        if (event.seq === 2) send(event);
        const { value } = await chunks.read();
        expect(JSON.parse(new TextDecoder().decode(value))).toEqual(event);
      }
      reader.abort();
      await readerLeft;
    } finally {
      await gateway.stop();
      await peer.stop();
    }
  });
});

describe('a gateway alone', () => {
  it('keeps runs in memory: start, start again, get, events, cancel', async () => {
    const gateway = await startGateway({});
    try {
      const request = { ...RUN, run_id: 'mine', run_context: { tenant_id: 't' } };
      const run = conforming(Run, await call('POST', `${gateway.url}/v1/runs`, request));
      expect(run).toMatchObject({ run_id: 'mine', state: 'queued', run_context: { tenant_id: 't' } });
      expect(conforming(Run, await call('POST', `${gateway.url}/v1/runs`, request))).toEqual(run);
      refusal(
        await call('POST', `${gateway.url}/v1/runs`, { ...request, input: { other: 1 } }),
        409,
        'run_already_exists',
      );
      const following = eventsOf(`${gateway.url}/v1/runs/mine/events?follow=1`);
      expect(conforming(Run, await call('POST', `${gateway.url}/v1/runs/mine:cancel`)).state).toBe('canceled');
      expect(conforming(Run, await call('POST', `${gateway.url}/v1/runs/mine:cancel`)).state).toBe('canceled');
      expect((await following).map(({ seq, type }) => [seq, type])).toEqual([
        [1, 'run_started'],
        [2, 'run_completed'],
      ]);
      refusal(await call('GET', `${gateway.url}/v1/runs/other`), 404, 'run_not_found');
      expect(conforming(Health, await call('GET', `${gateway.url}/v1/health`)).status).toBe('ok');
    } finally {
      await gateway.stop();
    }
  });
});

interface PeerServer {
  readonly url: string;
  readonly headers: IncomingHttpHeaders | undefined;
  stop(): Promise<void>;
}

function startPeer(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<PeerServer> {
  let headers: IncomingHttpHeaders | undefined;
  const server: Server = createServer((request, response) => {
    headers = request.headers;
    handle(request, response);
  });
  return new Promise((settle) => {
    server.listen(0, '127.0.0.1', () => {
      settle({
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        get headers() {
          return headers;
        },
        stop: () => {
          server.closeAllConnections();
          return new Promise((done) => server.close(() => done()));
        },
      });
    });
  });
}
