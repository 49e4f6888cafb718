import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { staticToken } from '#auth';
import { AppError, CompositeBeginResponse, NodeType } from '#contract';
import type { AtomicExecuteRequest, CompositeBeginRequest, RequestContext } from '#contract';
import { freePort } from '#testing';
import {
  AtomicExecutorClient,
  CompositeExecutorClient,
  NodeRegistryClient,
  peerAnswerOf,
  wasNotSent,
} from './index.js';

interface Received {
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

type Answer = (response: ServerResponse, request: Received) => void;

/** A peer that answers as the test says and remembers what it was asked. */
class FakePeer {
  readonly received: Received[] = [];
  answer: Answer = json(200, {});
  private readonly server = createServer((request, response) => void this.serve(request, response));

  async start(): Promise<string> {
    await new Promise<void>((settle) => this.server.listen(0, '127.0.0.1', settle));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((settle) => this.server.close(settle));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const received = { line: `${request.method} ${request.url}`, headers: request.headers, body };
    this.received.push(received);
    this.answer(response, received);
  }
}

const BEGIN: CompositeBeginRequest = {
  node_run_id: 'node_run_1',
  run_id: 'run_1',
  node_type_ref: { node_type_id: 'composite.plan', version: '1' },
  inputs: { goal: null },
  coordinator_endpoint: 'http://127.0.0.1:8081',
};

let peer: FakePeer;
let url: string;
const clients: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  peer = new FakePeer();
  url = await peer.start();
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await peer.stop();
});

function composite(baseUrl: string = url, timeoutMs = 5_000): CompositeExecutorClient {
  return kept(new CompositeExecutorClient({ baseUrl, timeoutMs, tokens: staticToken('secret') }));
}
function registry(baseUrl: string = url, timeoutMs = 5_000): NodeRegistryClient {
  return kept(new NodeRegistryClient({ baseUrl, timeoutMs }));
}

describe('CompositeExecutorClient', () => {
  it('sends the request with bearer, request id and trace, and reads the answer leniently', async () => {
    peer.answer = json(200, { accepted: true, message: null, extensions: null, surprise: 1 });
    const response = await composite(`${url}/base/`).beginCompositeNodeRun(context(), BEGIN);
    expect(response).toEqual({ accepted: true });
    expect(response).toBeInstanceOf(CompositeBeginResponse);
    const [request] = peer.received;
    expect(request?.line).toBe('POST /base/v1/composite-node-runs:begin');
    expect(JSON.parse(request?.body ?? '')).toEqual(BEGIN);
    expect(request?.headers).toMatchObject({
      authorization: 'Bearer secret',
      'content-type': 'application/json',
      'x-request-id': 'request-1',
      traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    });
  });

  it('hands a refusal over as an answer', async () => {
    peer.answer = json(200, { accepted: false, message: 'busy', extensions: { why: 1 } });
    expect(await composite().beginCompositeNodeRun(context(), BEGIN)).toEqual({
      accepted: false,
      message: 'busy',
      extensions: { 'jarvis.why': 1 },
    });
  });

  it.each([
    [409, { error: { code: 'node_run_already_terminal', message: 'over' } }, 'node_run_already_terminal'],
    [422, { detail: [{ loc: ['body', 'inputs'], msg: 'field required' }] }, undefined],
    [503, { error: { code: 'composite_llm_missing', message: 'no model', details: null } }, 'composite_llm_missing'],
    [500, { error: { code: 'internal_error', message: 'oops' } }, 'internal_error'],
    [401, { error: { code: 'unauthorized', message: 'who are you' } }, 'unauthorized'],
    [400, { error: 7 }, undefined],
    [404, 'not JSON', undefined],
    [302, null, undefined],
  ])('answers %s as composite_executor_unavailable and tells what was answered', async (status, body, code) => {
    peer.answer = json(status, body);
    const error = await failure(composite().beginCompositeNodeRun(context(), BEGIN));
    expect(error).toMatchObject({ code: 'composite_executor_unavailable', status: 502, retryable: true });
    expect(peerAnswerOf(error)).toMatchObject({ status, code });
    expect(wasNotSent(error)).toBe(false);
  });

  it.each(['overloaded', 'execution_overloaded', 'service_stopping'])('passes %s on', async (code) => {
    peer.answer = json(503, { error: { code, message: 'not now', details: { seconds: 1 } } });
    const error = await failure(composite().beginCompositeNodeRun(context(), BEGIN));
    expect(error).toMatchObject({ code, message: 'not now', details: { seconds: 1 } });
  });

  it.each([
    ['an answer without accepted', json(200, { accepted: null })],
    ['an answer that is no JSON', (response: ServerResponse) => response.end('accepted')],
    [
      'an answer that breaks off',
      (response: ServerResponse) =>
        response.writeHead(200, { 'content-length': 9 }).write('{"a', () => response.destroy()),
    ],
    ['a connection that is closed', (response: ServerResponse) => response.destroy()],
  ] as [string, Answer][])(
    '%s is composite_executor_unavailable, may have arrived, and is no answer',
    async (_, answer) => {
      peer.answer = answer;
      const error = await failure(composite().beginCompositeNodeRun(context(), BEGIN));
      expect(error.code).toBe('composite_executor_unavailable');
      expect(wasNotSent(error)).toBe(false);
      expect(peerAnswerOf(error)).toBeUndefined();
    },
  );

  it('cancels, with the id encoded, whatever the body of the answer', async () => {
    peer.answer = (response) => response.writeHead(204).end();
    await composite().cancelCompositeNodeRun(context(), 'a/b:c');
    peer.answer = json(200, { fine: true });
    await composite().cancelCompositeNodeRun(context(), 'x');
    expect(peer.received.map(({ line, body }) => [line, body])).toEqual([
      ['POST /v1/composite-node-runs/a%2Fb%3Ac:cancel', ''],
      ['POST /v1/composite-node-runs/x:cancel', ''],
    ]);
  });

  it('pings', async () => {
    peer.answer = json(200, { status: 'ok', time: '2026-01-31T12:00:00Z', checks: null });
    await composite().ping(context());
    peer.answer = json(500, {});
    await expect(composite().ping(context())).rejects.toMatchObject({ code: 'composite_executor_unavailable' });
  });
});

describe('NodeRegistryClient', () => {
  const ref = { node_type_id: 'jarvis.web/fetch', version: '1.0.0+x' };

  it('reads a node type with the nulls of Python, in a version or the latest', async () => {
    const found = { node_type_id: ref.node_type_id, version: ref.version, kind: 'atomic' };
    const nulls = { description: null, constraints: { gates: { side_effect_class: 'read', require_approval: null } } };
    peer.answer = json(200, {
      ...found,
      ...nulls,
      metadata: null,
      extensions: { side_effect: 'read', 'jarvis.x': null },
    });
    const nodeType = await registry().getNodeType(context(), ref);
    expect(nodeType).toBeInstanceOf(NodeType);
    expect(nodeType).toEqual({
      ...found,
      constraints: { gates: { side_effect_class: 'read' } },
      extensions: { 'jarvis.side_effect': 'read', 'jarvis.x': null },
    });
    await registry().getNodeType(context(), { node_type_id: 'a' });
    expect(peer.received.map(({ line }) => line)).toEqual([
      'GET /v1/node-types/jarvis.web%2Ffetch?version=1.0.0%2Bx',
      'GET /v1/node-types/a',
    ]);
    expect(peer.received[0]?.headers.authorization).toBeUndefined();
  });

  it('undefined for 404 node_type_not_found', async () => {
    peer.answer = json(404, { error: { code: 'node_type_not_found', message: 'no', details: null }, extensions: null });
    expect(await registry().getNodeType(context(), ref)).toBeUndefined();
  });

  it.each([
    [404, { detail: 'Not Found' }],
    [404, { error: { code: 'route_not_found', message: 'no such route' } }],
    [409, { error: { code: 'node_type_not_found', message: 'strange' } }],
    [503, { error: { code: 'database_unavailable', message: 'no' } }],
    [401, { error: { code: 'unauthorized', message: 'no' } }],
    [200, { node_type_id: 'x', version: '1', kind: 'both' }],
    [200, [{ node_type_id: 'x', version: '1', kind: 'atomic' }]],
  ])('any other answer is node_registry_unavailable: %s %j', async (status, body) => {
    peer.answer = json(status, body);
    expect(await failure(registry().getNodeType(context(), ref))).toMatchObject({ code: 'node_registry_unavailable' });
  });
});

describe('AtomicExecutorClient', () => {
  const list = () => kept(new AtomicExecutorClient({ baseUrl: url, timeoutMs: 5_000 })).listNodeTypes(context());

  it('reads the list of node types', async () => {
    peer.answer = json(200, [{ node_type_id: 'a', version: '1', kind: 'atomic', description: null }]);
    expect(await list()).toEqual([{ node_type_id: 'a', version: '1', kind: 'atomic' }]);
  });

  it.each([{ detail: 'Not Found' }, { error: { code: 'route_not_found', message: 'no such route' } }, 'nothing here'])(
    'has none where the answer is 404 %j',
    async (body) => {
      peer.answer = json(404, body);
      expect(await list()).toBeUndefined();
    },
  );

  it('says so when there is another answer', async () => {
    peer.answer = json(500, {});
    expect((await failure(list())).code).toBe('atomic_executor_unavailable');
  });

  describe('executing', () => {
    const request: AtomicExecuteRequest = {
      node_run_id: 'n',
      run_id: 'r',
      node_type_ref: { node_type_id: 'a', version: '1' },
      inputs: {},
    };
    const execute = (own: number, timeoutMs?: number) =>
      kept(new AtomicExecutorClient({ baseUrl: url, timeoutMs: own })).executeAtomicNodeRun(
        context(),
        request,
        timeoutMs === undefined ? {} : { timeoutMs },
      );
    const late: Answer = (response, received) => {
      setTimeout(() => json(200, { node_run_id: 'n', state: 'succeeded' })(response, received), 1_500).unref();
    };

    it.each([
      [200, 30_000],
      [200, 2_147_483_647],
      [30_000, 200],
      [0, 200],
    ])('waits for its answer for %d ms or for what the call says, %d ms, whichever is longer', async (own, ofCall) => {
      peer.answer = late;
      expect(await execute(own, ofCall)).toEqual({ node_run_id: 'n', state: 'succeeded' });
    });

    it.each([undefined, 300])('gives up when both have passed: 200 and %s ms', async (ofCall) => {
      peer.answer = late;
      const error = await failure(execute(200, ofCall));
      expect(error.code).toBe('atomic_executor_unavailable');
      expect(wasNotSent(error)).toBe(false);
    });

    it('tells all that a refusal says', async () => {
      peer.answer = json(409, { error: { code: 'node_run_id_reused', message: 'No.', details: { node_run_id: 'n' } } });
      const error = await failure(execute(5_000));
      expect(error.code).toBe('node_run_id_reused');
      expect(peerAnswerOf(error)).toEqual({
        status: 409,
        code: 'node_run_id_reused',
        message: 'No.',
        details: { node_run_id: 'n' },
      });
    });
  });
});

describe('what can have reached the peer', () => {
  it('a refused connection was not sent', async () => {
    const error = await failure(
      composite(`http://127.0.0.1:${await freePort()}`).beginCompositeNodeRun(context(), BEGIN),
    );
    expect(error.code).toBe('composite_executor_unavailable');
    expect(wasNotSent(error)).toBe(true);
  });

  it('a host that nobody knows was not sent', async () => {
    const error = await failure(registry('http://host.invalid').getNodeType(context(), { node_type_id: 'x' }));
    expect(error.code).toBe('node_registry_unavailable');
    expect(wasNotSent(error)).toBe(true);
  });

  it('a failed TLS handshake was not sent', async () => {
    const error = await failure(composite(url.replace('http:', 'https:')).beginCompositeNodeRun(context(), BEGIN));
    expect(wasNotSent(error)).toBe(true);
    expect(peer.received).toEqual([]);
  });

  it('a connection that is not made in time was not sent', async () => {
    const silent = await silentTlsServer();
    const error = await failure(composite(silent.url, 200).beginCompositeNodeRun(context(), BEGIN));
    expect(wasNotSent(error)).toBe(true);
    await silent.stop();
  });

  it('a peer that does not answer in time may have been reached', async () => {
    peer.answer = () => undefined;
    const error = await failure(composite(url, 200).beginCompositeNodeRun(context(), BEGIN));
    expect(error.code).toBe('composite_executor_unavailable');
    expect(wasNotSent(error)).toBe(false);
    expect(peer.received).toHaveLength(1);
  });

  it('other errors say nothing', () => {
    expect([wasNotSent(new Error('x')), wasNotSent(undefined), wasNotSent(new AppError('overloaded'))]).toEqual([
      false,
      false,
      false,
    ]);
    expect(peerAnswerOf(new Error('x'))).toBeUndefined();
  });
});

describe('ctx.signal', () => {
  it('that has fired already sends nothing', async () => {
    const error = await failure(composite().beginCompositeNodeRun(context(AbortSignal.abort()), BEGIN));
    expect(wasNotSent(error)).toBe(true);
    expect(peer.received).toEqual([]);
  });

  it('gives up a request that waits for its answer, without leaving a listener', async () => {
    const caller = new AbortController();
    let listeners = 0;
    const { signal } = caller;
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = (...args: Parameters<typeof add>) => ((listeners += 1), add(...args));
    signal.removeEventListener = (...args: Parameters<typeof remove>) => ((listeners -= 1), remove(...args));
    peer.answer = () => caller.abort();
    const error = await failure(
      kept(new AtomicExecutorClient({ baseUrl: url, timeoutMs: 60_000 })).listNodeTypes(context(signal)),
    );
    expect(error.code).toBe('atomic_executor_unavailable');
    expect(wasNotSent(error)).toBe(false);
    expect(listeners).toBe(0);
  });

  it('gives up a request that waits for a connection', async () => {
    const silent = await silentTlsServer();
    const caller = new AbortController();
    const started = performance.now();
    const waiting = failure(composite(silent.url, 5_000).beginCompositeNodeRun(context(caller.signal), BEGIN));
    await silent.connected;
    caller.abort();
    expect((await waiting).code).toBe('composite_executor_unavailable');
    expect(performance.now() - started).toBeLessThan(3_000);
    await silent.stop();
  });

  it('gives up a request whose answer has begun', async () => {
    const caller = new AbortController();
    peer.answer = (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"accepted":', () => setTimeout(() => caller.abort(), 50));
    };
    const error = await failure(composite().beginCompositeNodeRun(context(caller.signal), BEGIN));
    expect(error.code).toBe('composite_executor_unavailable');
  });

  it('that fires because this service stops lets the answer come', async () => {
    const stopping = new AbortController();
    peer.answer = (response) => {
      stopping.abort(new AppError('service_stopping'));
      setTimeout(() => json(200, { accepted: true })(response, { line: '', headers: {}, body: '' }), 50);
    };
    expect(await composite().beginCompositeNodeRun(context(stopping.signal), BEGIN)).toEqual({ accepted: true });
    expect(await composite().beginCompositeNodeRun(context(stopping.signal), BEGIN)).toEqual({ accepted: true });
  });
});

function kept<T extends { close(): Promise<void> }>(client: T): T {
  clients.push(client);
  return client;
}

function context(signal: AbortSignal = new AbortController().signal): RequestContext {
  return {
    principal: { subject: 'test' },
    trace: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), flags: '01' },
    requestId: 'request-1',
    signal,
  };
}

function json(status: number, body: unknown): Answer {
  return (response) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json' }).end(text);
  };
}

async function failure(promise: Promise<unknown>): Promise<AppError> {
  const error: unknown = await promise.then(
    () => new Error('it succeeded'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(AppError);
  return error as AppError;
}

/** Accepts connections and never says a word: no TLS handshake comes to its end there. */
async function silentTlsServer(): Promise<{ url: string; connected: Promise<unknown>; stop(): Promise<void> }> {
  const sockets: Socket[] = [];
  const server = createTcpServer((socket) => sockets.push(socket.on('error', () => undefined)));
  const connected = once(server, 'connection');
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connected,
    stop: () =>
      new Promise((settle) => {
        server.close(() => settle());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
