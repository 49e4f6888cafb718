import { handlerCall } from '../../test/scratch-pack.js';
import { CanceledError, RetryableError, TerminalError, TimeoutError } from '../errors.js';
import type { NodeContext } from '../node-context.js';
import type { HandlerEnd, Usage } from './pack-host.js';
import { runHandler } from './run-handler.js';

type Handler = (inputs: Record<string, unknown>, ctx: NodeContext) => unknown;

function end(handler: Handler, maxOutputBytes = 1_000, signal = new AbortController().signal): Promise<HandlerEnd> {
  const { inputs, facts, ports } = handlerCall('any', { n: 1 });
  return runHandler({ run: handler as never }, { inputs, facts, ports, signal, maxOutputBytes });
}

const NOTHING: Usage = { external_calls: 0, cost: 0 };

describe('what a handler returns', () => {
  it('is what JSON makes of it', async () => {
    const outputs = { n: 2, none: undefined, at: new Date(0), nan: NaN, nested: { map: new Map([[1, 2]]) } };
    expect(await end(() => outputs)).toEqual({
      state: 'succeeded',
      outputs: { n: 2, at: '1970-01-01T00:00:00.000Z', nan: null, nested: { map: {} } },
      usage: NOTHING,
    });
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a list', [1]],
    ['a text', 'outputs'],
    ['a function', () => ({})],
    ['an object that JSON makes a text of', new Date()],
    ['an object that JSON makes nothing of', { toJSON: () => undefined }],
  ])('%s: invalid_outputs', async (_, outputs) => {
    expect(await end(() => outputs)).toMatchObject({
      state: 'failed',
      error: { code: 'invalid_outputs', retryable: false, message: expect.stringContaining('returned no object') },
    });
  });

  it.each([
    ['a number that JSON does not have', { n: 1n }],
    [
      'a circle',
      Object.assign(
        {},
        {
          get self() {
            return this;
          },
        },
      ),
    ],
    [
      'what throws when it is read',
      {
        get secret() {
          throw new Error('secret');
        },
      },
    ],
  ])('%s: invalid_outputs', async (_, outputs) => {
    const ended = await end(() => outputs);
    expect(ended).toMatchObject({ error: { code: 'invalid_outputs' } });
    expect(JSON.stringify(ended)).not.toContain('secret');
  });

  it('too much: the size counts as UTF-8', async () => {
    const outputs = { text: 'é'.repeat(20) };
    const bytes = Buffer.byteLength(JSON.stringify(outputs));
    expect(await end(() => outputs, bytes)).toMatchObject({ state: 'succeeded', outputs });
    expect(await end(() => outputs, bytes - 1)).toMatchObject({
      error: {
        code: 'outputs_too_large',
        message: expect.stringContaining(`${bytes} bytes as JSON; at most ${bytes - 1}`),
      },
    });
  });
});

describe('what a handler throws', () => {
  it.each([
    [
      new TerminalError('There is no such city.', { code: 'city_unknown', details: { city: 'x' } }),
      'failed',
      'city_unknown',
      false,
    ],
    [new RetryableError('Busy.', { code: 'upstream_busy' }), 'failed', 'upstream_busy', true],
    [new TerminalError('Without a code.'), 'failed', 'handler_error', false],
    [new CanceledError('Withdrawn.'), 'canceled', 'canceled', false],
    [new TimeoutError('Too late.'), 'failed', 'timeout', true],
  ] as const)('%s', async (error, state, code, retryable) => {
    const ended = await end(() => {
      throw error;
    });
    expect(ended).toEqual({
      state,
      error: { code, message: error.message, retryable, ...(error.details ? { details: error.details } : {}) },
      cause: error,
      usage: NOTHING,
    });
  });

  it.each([
    [new Error('password is 1234')],
    ['password is 1234'],
    [undefined],
    [{ kind: 'terminal', message: 'forged' }],
  ])('anything else, of which nothing is told: %s', async (thrown) => {
    const ended = await end(async () => Promise.reject(thrown));
    expect(ended).toMatchObject({
      state: 'failed',
      error: { code: 'handler_error', message: 'The handler failed.', retryable: false },
    });
    expect((ended as { cause?: unknown }).cause).toBe(thrown);
  });

  it('an error of another copy of the SDK, with what it should not have', async () => {
    const details: Record<string, unknown> = {};
    details['self'] = details;
    const foreign = Object.assign(new Error('m'.repeat(3_000)), { kind: 'retryable', code: 'Not A Code', details });
    const ended = await end(async () => Promise.reject(foreign));
    expect(ended).toMatchObject({ error: { code: 'handler_error', message: 'm'.repeat(2_000), retryable: true } });
    expect((ended as { error: object }).error).not.toHaveProperty('details');
  });
});

describe('what a handler spends', () => {
  it('is told with the end, whatever that is, and as it changes', async () => {
    const seen: Usage[] = [];
    const { inputs, facts, ports } = handlerCall('any');
    const run = async (_: object, ctx: NodeContext) => {
      ctx.usage.addExternalCalls();
      ctx.usage.addExternalCalls(2);
      ctx.usage.addCost(0.25);
      throw new RetryableError('Busy.');
    };
    const signal = new AbortController().signal;
    const onUsage = (usage: Usage) => seen.push(usage);
    const ended = await runHandler({ run: run }, { inputs, facts, ports, signal, maxOutputBytes: 10, onUsage });
    expect(ended.usage).toEqual({ external_calls: 3, cost: 0.25 });
    expect(seen).toEqual([
      { external_calls: 1, cost: 0 },
      { external_calls: 3, cost: 0 },
      { external_calls: 3, cost: 0.25 },
    ]);
  });

  it.each([-1, NaN, Infinity])('cannot be %s', async (amount) => {
    const ended = await end((_, ctx) => ctx.usage.addCost(amount));
    expect(ended).toMatchObject({ error: { code: 'handler_error' }, usage: NOTHING });
  });
});

describe('a handler that was stopped', () => {
  it.each([
    ['canceled', 'canceled', 'canceled', false],
    ['timeout', 'failed', 'timeout', true],
    ['stopping', 'failed', 'executor_stopped', true],
  ])('%s: that is the end, whatever the handler makes of it', async (reason, state, code, retryable) => {
    const makes: Handler[] = [
      () => ({ late: true }),
      () => {
        throw new TerminalError('Stopped.', { code: 'own_code' });
      },
    ];
    for (const made of makes) {
      const stop = new AbortController();
      const ended = await end(
        (inputs, ctx) => {
          ctx.usage.addCost(2);
          stop.abort(reason);
          expect(ctx.signal.aborted).toBe(true);
          return made(inputs, ctx);
        },
        1_000,
        stop.signal,
      );
      expect(ended).toMatchObject({ state, error: { code, retryable }, usage: { cost: 2 } });
    }
  });
});
