import { handlerCall, PACK_ID, run, stopAfter } from '../../test/scratch-pack.js';
import { TerminalError } from '../errors.js';
import type { NodeContext } from '../node-context.js';
import { openInProcess } from './in-process-host.js';

type Run = (inputs: Record<string, unknown>, ctx: NodeContext) => Promise<Record<string, unknown>>;

const HANDLERS: Readonly<Record<string, Run>> = {
  echo: async (inputs) => inputs,
  fails: async () => Promise.reject(new TerminalError('No.', { code: 'refused' })),
  deaf: async (_, ctx) => {
    ctx.usage.addExternalCalls(2);
    return new Promise(() => undefined);
  },
  polite: (_, { signal }) =>
    new Promise((settle) => {
      signal.addEventListener('abort', () => settle({}));
    }),
};

function open(graceMs = 50, maxOutputBytes = 1_000) {
  const handlers = new Map(Object.entries(HANDLERS).map(([name, handler]) => [`${PACK_ID}.${name}`, { run: handler }]));
  return openInProcess(handlers, { graceMs, maxOutputBytes });
}

describe('handlers in this process', () => {
  it('run, and fail with what they throw', async () => {
    const host = open();
    expect(host.isolation).toBe('in_process');
    expect(host.handlerIds).toEqual(Object.keys(HANDLERS).map((name) => `${PACK_ID}.${name}`));
    expect((await run(host, 'echo', { n: 1 })).end).toMatchObject({ state: 'succeeded', outputs: { n: 1 } });
    expect((await run(host, 'fails')).end).toMatchObject({ error: { code: 'refused' } });
    expect((await run(host, 'echo', { text: 'x'.repeat(1_000) })).end).toMatchObject({
      error: { code: 'outputs_too_large' },
    });
    await host.close();
  });

  it('that are not there are a mistake of the caller', async () => {
    await expect(open().run(handlerCall('nothing'))).rejects.toThrow(`no handler for ${PACK_ID}.nothing`);
  });

  it('are abandoned when they do not end within the grace; what they have spent counts', async () => {
    const { end } = await run(open(), 'deaf', {}, stopAfter(20, 'timeout'));
    expect(end).toEqual({
      state: 'failed',
      error: expect.objectContaining({ code: 'timeout', retryable: true }),
      usage: { external_calls: 2, cost: 0 },
    });
  });

  it('may end within the grace', async () => {
    const { end } = await run(open(600_000), 'polite', {}, stopAfter(20, 'canceled'));
    expect(end).toMatchObject({ state: 'canceled', error: { code: 'canceled' } });
  });

  it('are stopped when the host closes, and when they were stopped before they began', async () => {
    const host = open();
    const working = run(host, 'deaf');
    await host.close();
    expect((await working).end).toMatchObject({ error: { code: 'executor_stopped' } });
    const stopped = new AbortController();
    stopped.abort('canceled');
    expect((await run(open(), 'deaf', {}, stopped.signal)).end).toMatchObject({ state: 'canceled' });
  });
});
