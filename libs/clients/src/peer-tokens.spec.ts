import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TokenSource } from '#auth';
import { AppError } from '#contract';
import type { RequestContext } from '#contract';
import { createLogger } from '#http';
import {
  AtomicExecutorClient,
  CompositeExecutorClient,
  NodeRegistryClient,
  RunCoordinatorClient,
  wasNotSent,
  wasTurnedAway,
} from './index.js';

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const REQUEST = { node_run_id: 'n', run_id: 'r', node_type_ref: { node_type_id: 'a', version: '1' }, inputs: {} };
const RUN = { run_id: 'r', state: 'running', root_node_run_id: 'n' };
const UNAUTHORIZED: Answer = { status: 401, body: { error: { code: 'unauthorized', message: 'Invalid token' } } };
const EVENT = { run_id: 'r', seq: 1, type: 'run_started', time: '2026-01-31T12:00:00Z' };

/** Tokens `token-1`, `token-2`, …: the same until it is refused. */
class CountedTokens implements TokenSource {
  readonly refusals: string[] = [];
  asked = 0;
  failure: AppError | undefined;
  private current = 1;

  async token(): Promise<string> {
    this.asked += 1;
    if (this.failure !== undefined) throw this.failure;
    return `token-${this.current}`;
  }

  refused(_ctx: RequestContext, token: string): void {
    this.refusals.push(token);
    if (token === `token-${this.current}`) this.current += 1;
  }
}

describe('the tokens of a peer', () => {
  let sent: (string | undefined)[];
  let answer: (token: string | undefined) => Answer;
  let tokens: CountedTokens;
  let options: { baseUrl: string; tokens: TokenSource; timeoutMs: number };
  const clients: { close(): Promise<void> }[] = [];
  const server = createServer((request, response) => {
    sent.push(request.headers.authorization);
    const { status, body } = answer(request.headers.authorization);
    request.resume().on('end', () => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  beforeAll(() => new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle)));
  afterAll(() => new Promise((settle) => server.close(settle)));
  beforeEach(() => {
    sent = [];
    tokens = new CountedTokens();
    options = { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, tokens, timeoutMs: 5_000 };
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
  });

  const kept = <T extends { close(): Promise<void> }>(client: T): T => {
    clients.push(client);
    return client;
  };
  const coordinator = () => kept(new RunCoordinatorClient(options));
  const atomic = () => kept(new AtomicExecutorClient(options));
  const everyClient = () => [
    coordinator(),
    atomic(),
    kept(new CompositeExecutorClient(options)),
    kept(new NodeRegistryClient(options)),
  ];

  it('go with every request but a look at its health', async () => {
    answer = () => ({ status: 200, body: RUN });
    await coordinator().getRun(context(), 'r');
    expect(sent).toEqual(['Bearer token-1']);
    answer = () => ({ status: 200, body: { status: 'ok', time: '2026-01-31T12:00:00Z' } });
    tokens.failure = new AppError('identity_provider_unavailable');
    for (const client of everyClient()) await client.ping(context());
    expect(sent.slice(1)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('are replaced once when the peer answers 401, for a stream too', async () => {
    answer = (token) => (token === 'Bearer token-1' ? UNAUTHORIZED : { status: 200, body: RUN });
    expect(await coordinator().getRun(context(), 'r')).toMatchObject({ run_id: 'r' });
    expect(sent).toEqual(['Bearer token-1', 'Bearer token-2']);

    answer = (token) => (token === 'Bearer token-2' ? UNAUTHORIZED : { status: 200, body: EVENT });
    const events = [];
    for await (const event of await coordinator().streamRunEvents(context(), 'r', {})) events.push(event);
    expect(events).toMatchObject([{ seq: 1 }]);
    expect(sent.slice(2)).toEqual(['Bearer token-2', 'Bearer token-3']);
    expect(tokens.refusals).toEqual(['token-1', 'token-2']);
  });

  it('are not replaced twice, and not by themselves', async () => {
    answer = () => UNAUTHORIZED;
    const twice = await failure(atomic().executeAtomicNodeRun(context(), REQUEST));
    expect(twice.code).toBe('atomic_executor_unavailable');
    expect([wasTurnedAway(twice), wasNotSent(twice)]).toEqual([true, false]);
    expect(sent).toEqual(['Bearer token-1', 'Bearer token-2']);

    sent = [];
    options = { ...options, tokens: { token: async () => 'the-only-one', refused: () => undefined } };
    expect(wasTurnedAway(await failure(atomic().executeAtomicNodeRun(context(), REQUEST)))).toBe(true);
    expect(sent).toEqual(['Bearer the-only-one']);
  });

  it.each(['identity_provider_unavailable', 'token_request_failed', 'unauthorized'] as const)(
    'that cannot be had are the error %s of every client, and nothing is sent',
    async (code) => {
      tokens.failure = new AppError(code, { message: 'No token.', cause: new Error('why') });
      const [runs, executor, composite, registry] = [coordinator(), atomic(), everyClient()[2], everyClient()[3]];
      const begin = { ...REQUEST, coordinator_endpoint: 'http://127.0.0.1:1' };
      for (const attempt of [
        runs.getRun(context(), 'r'),
        runs.streamRunEvents(context(), 'r', {}),
        executor.executeAtomicNodeRun(context(), REQUEST),
        executor.listNodeTypes(context()),
        (composite as CompositeExecutorClient).beginCompositeNodeRun(context(), begin),
        (registry as NodeRegistryClient).getNodeType(context(), { node_type_id: 'a' }),
      ]) {
        const error = await failure(attempt);
        expect(error).toMatchObject({ code, message: 'No token.', cause: { cause: tokens.failure } });
        expect(wasNotSent(error)).toBe(true);
      }
      expect(sent).toEqual([]);
    },
  );

  it('that cannot be had after a 401: the error says so, and nothing was done', async () => {
    answer = () => {
      tokens.failure = new AppError('identity_provider_unavailable');
      return UNAUTHORIZED;
    };
    const error = await failure(atomic().executeAtomicNodeRun(context(), REQUEST));
    expect(error.code).toBe('identity_provider_unavailable');
    expect(wasNotSent(error)).toBe(true);
  });

  it('are not waited for by a caller who has left', async () => {
    const caller = new AbortController();
    options = {
      ...options,
      tokens: {
        token: ({ signal }) =>
          new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
        refused: () => undefined,
      },
    };
    const waiting = failure(atomic().executeAtomicNodeRun(context(caller.signal), REQUEST));
    caller.abort(new Error('gone'));
    const error = await waiting;
    expect(error.code).toBe('atomic_executor_unavailable');
    expect(wasNotSent(error)).toBe(true);
  });

  it('that the coordinator does not find enough are the lack of its caller; an executor speaks of us', async () => {
    const details = { required_permission: 'run.read' };
    answer = () => ({ status: 403, body: { error: { code: 'forbidden', message: 'No.', details } } });
    expect(await failure(coordinator().getRun(context(), 'r'))).toMatchObject({
      code: 'forbidden',
      message: 'No.',
      details,
    });
    const begin = { ...REQUEST, coordinator_endpoint: 'http://127.0.0.1:1' };
    for (const [attempt, code] of [
      [atomic().executeAtomicNodeRun(context(), REQUEST), 'atomic_executor_unavailable'],
      [atomic().listNodeTypes(context()), 'atomic_executor_unavailable'],
      [
        kept(new CompositeExecutorClient(options)).beginCompositeNodeRun(context(), begin),
        'composite_executor_unavailable',
      ],
      [
        kept(new NodeRegistryClient(options)).getNodeType(context(), { node_type_id: 'a' }),
        'node_registry_unavailable',
      ],
    ] as const) {
      const error = await failure(attempt);
      expect(error.code).toBe(code);
      expect(wasTurnedAway(error)).toBe(false);
    }
    expect(sent).toHaveLength(5);
  });

  it('that the coordinator refuses are not the lack of its caller', async () => {
    answer = () => UNAUTHORIZED;
    expect((await failure(coordinator().getRun(context(), 'r'))).code).toBe('run_coordinator_unavailable');
  });

  it('are in no error, though the peer repeats them: for callers, nor for the log', async () => {
    const assignment = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJuIn0.c2lnbmF0dXJl-_w';
    answer = (token) => ({
      status: token === 'Bearer token-1' ? 401 : 404,
      body: { error: { code: 'run_not_found', message: `${token}`, details: { [assignment]: [token, 'token-1'] } } },
    });
    const passedOn = await failure(coordinator().getRun(context(), 'r'));
    expect(passedOn).toMatchObject({
      code: 'run_not_found',
      message: 'Bearer [redacted]',
      details: { '[redacted]': ['Bearer [redacted]', '[redacted]'] },
    });
    expect(sent).toEqual(['Bearer token-1', 'Bearer token-2']);

    // As FastAPI refuses a body.
    const detail = [{ loc: ['body'], msg: 'too good', input: { assignment_token: assignment } }];
    answer = () => ({ status: 422, body: { detail } });
    const begin = { ...REQUEST, coordinator_endpoint: 'http://127.0.0.1:1', assignment_token: assignment };
    const refused = await failure(kept(new CompositeExecutorClient(options)).beginCompositeNodeRun(context(), begin));
    const logged: string[] = [];
    const logger = createLogger(
      'test',
      { LOG_LEVEL: 'trace', LOG_FORMAT: 'json' },
      { write: (line) => logged.push(line) },
    );
    for (const error of [passedOn, refused]) logger.warn({ err: error }, error.message);
    expect(logged.join()).toContain('too good');
    expect(logged.join()).not.toMatch(/token-\d|eyJ/);
  });

  it('that an executor cannot check now: it has done nothing', async () => {
    answer = () => ({ status: 503, body: { error: { code: 'identity_provider_unavailable', message: 'No keys.' } } });
    const error = await failure(atomic().executeAtomicNodeRun(context(), REQUEST));
    expect(error.code).toBe('atomic_executor_unavailable');
    expect(wasTurnedAway(error)).toBe(true);
  });
});

function context(signal: AbortSignal = new AbortController().signal): RequestContext {
  return {
    principal: { subject: 'test' },
    trace: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), flags: '01' },
    requestId: 'request-1',
    signal,
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
