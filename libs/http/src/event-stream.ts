import { Readable } from 'node:stream';
import type { RunEvent } from '#contract';

/** How run events are written: one JSON object a line, or Server-Sent Events (https://html.spec.whatwg.org/#server-sent-events). */
export type EventStreamFormat = 'ndjson' | 'sse';

interface Encoding {
  readonly mediaType: string;
  readonly encode: (event: RunEvent) => string;
  /** What says "still there" without being an event: readers of either format skip it. */
  readonly keepAlive: string;
}

export const ENCODINGS: Readonly<Record<EventStreamFormat, Encoding>> = {
  ndjson: {
    mediaType: 'application/x-ndjson',
    encode: (event) => `${JSON.stringify(event)}\n`,
    keepAlive: '\n',
  },
  sse: {
    mediaType: 'text/event-stream',
    // JSON holds no line break, so one data field is enough. No `event` field: EventSource.onmessage then gets every type.
    encode: (event) => `id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`,
    keepAlive: ': keep-alive\n\n',
  },
};

export interface EventStreamBodyOptions {
  readonly format: EventStreamFormat;
  /** Write a keep-alive whenever nothing was written for this long, in milliseconds. Absent: never. */
  readonly keepAliveMs?: number;
  /** Called once, when the body is first read: when the reader is there and the headers are set, but nothing is written yet. */
  readonly onStart?: () => void;
}

/**
 * Bytes that wait in the body for a slow reader before it stops pulling, and as many that are about to get there; one event may
 * exceed it.
 */
const BUFFER_BYTES = 16_384;

/**
 * The events as the body of a response. They are pulled as the reader takes them, so a slow reader costs one buffer and not the
 * log. Events that are there at the same time are written at once. Keep-alives flow while the source is silent, unless the reader
 * has not yet taken what is there. When the reader leaves, the source is told to return; an error of the source destroys the body
 * with it.
 */
export function eventStreamBody(events: AsyncIterable<RunEvent>, options: EventStreamBodyOptions): Readable {
  const { encode, keepAlive } = ENCODINGS[options.format];
  const source = events[Symbol.asyncIterator]();
  let isStarted = false;
  let isPulling = false;
  let timer: NodeJS.Timeout | undefined;
  let gathered = '';
  let writing: NodeJS.Immediate | undefined;

  /** @returns whether the body takes more */
  const write = (): boolean => {
    clearImmediate(writing);
    writing = undefined;
    const text = gathered;
    gathered = '';
    return text === '' || body.push(text);
  };
  const start = () => {
    isStarted = true;
    options.onStart?.();
    if (options.keepAliveMs === undefined) return;
    timer = setInterval(() => {
      if (body.readableLength === 0) body.push(keepAlive);
    }, options.keepAliveMs);
    timer.unref();
  };
  const pull = async () => {
    if (isPulling) return;
    isPulling = true;
    try {
      for (;;) {
        const next = await source.next();
        if (body.destroyed) return;
        if (next.done === true) {
          clearInterval(timer);
          write();
          body.push(null);
          return;
        }
        timer?.refresh();
        gathered += encode(next.value);
        if (gathered.length < BUFFER_BYTES) writing ??= setImmediate(write);
        else if (!write()) return;
      }
    } catch (error) {
      body.destroy(error instanceof Error ? error : new Error(String(error)));
    } finally {
      isPulling = false;
    }
  };
  const body = new Readable({
    highWaterMark: BUFFER_BYTES,
    read: () => {
      if (!isStarted) start();
      void pull();
    },
    destroy: (error, done) => {
      clearInterval(timer);
      clearImmediate(writing);
      source.return?.().catch(() => undefined);
      done(error);
    },
  });
  return body;
}
