import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { RunEvent } from '#contract';
import { eventStreamBody } from './event-stream.js';

const event = (seq: number, data?: Record<string, unknown>): RunEvent => ({
  run_id: 'run_1',
  seq,
  type: 'node_evaluated',
  time: '2026-01-31T12:00:00.000Z',
  ...(data === undefined ? {} : { data }),
});

async function* of(...events: RunEvent[]): AsyncGenerator<RunEvent> {
  yield* events;
}

const textOf = async (body: Readable): Promise<string> => {
  let text = '';
  for await (const chunk of body) text += String(chunk);
  return text;
};

/** A source that gives what it is handed, and says whether it was told to return. */
function handedEvents() {
  const waiting: ((result: IteratorResult<RunEvent>) => void)[] = [];
  const source = { pulled: 0, isReturned: false };
  return {
    source,
    give: (...results: (RunEvent | undefined)[]) => {
      for (const result of results) {
        waiting.shift()?.(result === undefined ? { done: true, value: undefined } : { done: false, value: result });
      }
    },
    events: {
      [Symbol.asyncIterator]: () => ({
        next: () =>
          new Promise<IteratorResult<RunEvent>>((settle) => {
            source.pulled += 1;
            waiting.push(settle);
          }),
        return: async () => {
          source.isReturned = true;
          return { done: true as const, value: undefined };
        },
      }),
    } satisfies AsyncIterable<RunEvent>,
  };
}

describe('eventStreamBody', () => {
  it('writes NDJSON: one JSON object a line', async () => {
    const events = [event(1, { text: 'a\nb\u2028"c"' }), event(2)];
    const text = await textOf(eventStreamBody(of(...events), { format: 'ndjson' }));
    expect(text.endsWith('\n')).toBe(true);
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(events);
  });

  it('writes Server-Sent Events: the seq as id, the event as one line of data', async () => {
    const events = [event(7, { text: 'a\r\nb' }), event(8)];
    const text = await textOf(eventStreamBody(of(...events), { format: 'sse' }));
    expect(text).toBe(events.map((sent) => `id: ${sent.seq}\ndata: ${JSON.stringify(sent)}\n\n`).join(''));
  });

  it('is empty for a source without events', async () => {
    expect(await textOf(eventStreamBody(of(), { format: 'sse' }))).toBe('');
  });

  it.each([
    ['ndjson', '\n'],
    ['sse', ': keep-alive\n\n'],
  ] as const)('writes keep-alives in %s while the source is silent, and events between them', async (format, line) => {
    const { events, give } = handedEvents();
    const body = eventStreamBody(events, { format, keepAliveMs: 10 });
    const chunks: string[] = [];
    body.on('data', (chunk) => chunks.push(String(chunk)));
    const seen = async (isSeen: () => boolean) => {
      while (!isSeen()) await once(body, 'data');
    };
    await seen(() => chunks.filter((chunk) => chunk === line).length >= 3);
    give(event(1));
    await seen(() => chunks.some((chunk) => chunk.includes('"seq":1')));
    const before = chunks.length;
    await seen(() => chunks.length > before && chunks.at(-1) === line);
    give(undefined);
    await once(body, 'end');
    expect(chunks.filter((chunk) => chunk !== line)).toHaveLength(1);
  });

  it('writes no keep-alive unless it is told to', async () => {
    const { events, give } = handedEvents();
    const body = eventStreamBody(events, { format: 'ndjson' });
    const text = textOf(body);
    await new Promise((settle) => setTimeout(settle, 30));
    give(undefined);
    expect(await text).toBe('');
  });

  it('stops pulling when nobody reads, and adds no keep-alive to what waits', async () => {
    let pulled = 0;
    async function* endless(): AsyncGenerator<RunEvent> {
      for (;;) yield event((pulled += 1), { text: 'x'.repeat(1_000) });
    }
    const body = eventStreamBody(endless(), { format: 'ndjson', keepAliveMs: 10 });
    body.read(0);
    await new Promise((settle) => setTimeout(settle, 50));
    expect(pulled).toBeLessThan(20);
    expect(body.readableLength).toBeLessThan(20_000);
    const waiting = body.readableLength;
    await new Promise((settle) => setTimeout(settle, 50));
    expect(body.readableLength).toBe(waiting);
    body.destroy();
  });

  it('tells the source to return when the reader leaves, also while the source is silent', async () => {
    const { events, source } = handedEvents();
    const body = eventStreamBody(events, { format: 'ndjson', keepAliveMs: 10 });
    body.resume();
    await new Promise((settle) => setImmediate(settle));
    expect(source).toEqual({ pulled: 1, isReturned: false });
    body.destroy();
    await once(body, 'close');
    expect(source.isReturned).toBe(true);
  });

  it('breaks off with the error of the source', async () => {
    async function* failing(): AsyncGenerator<RunEvent> {
      yield event(1);
      throw new Error('the source is gone');
    }
    await expect(textOf(eventStreamBody(failing(), { format: 'ndjson' }))).rejects.toThrow('the source is gone');
  });

  it('says when it is read for the first time', async () => {
    let started = 0;
    const body = eventStreamBody(of(event(1), event(2)), { format: 'ndjson', onStart: () => (started += 1) });
    expect(started).toBe(0);
    await textOf(body);
    expect(started).toBe(1);
  });
});
