import { membersOf } from '../transport/answer-body.js';
import { Deadline, sleep, unlessAborted } from '../transport/deadline.js';
import { ArpNetworkError } from './arp-errors.js';
import type { Connection } from './connection.js';
import type { Run, RunEvent } from './records.js';

/** Options of `runs.events`. */
export interface RunEventsOptions {
  /** Wait for what happens until the run has ended; default false: what there is, and then the end. */
  readonly follow?: boolean;
  /** Only events with a greater `seq`; default 0. */
  readonly cursor?: number;
  /** Ends the stream at once; it throws the reason. `break` ends it too. */
  readonly signal?: AbortSignal;
  /** Longest silence of a followed stream before it is opened anew, in milliseconds; default 60,000. */
  readonly idleTimeoutMs?: number;
  /** Most attempts in a row to open a broken stream anew without a single event; default 10. */
  readonly maxReconnects?: number;
}

interface StreamEnd {
  /** It ended as the service meant it, and was not cut off. */
  readonly isWhole: boolean;
  /** At least one line has come: an event or a keep-alive. */
  readonly wasAlive: boolean;
}

/**
 * The events of a run, each once, in the order of `seq`. A connection that breaks, or ends before the run, is opened
 * anew after the last event.
 */
export async function* runEvents(
  connection: Connection,
  runId: string,
  closing: AbortSignal,
  options: RunEventsOptions,
): AsyncGenerator<RunEvent, void> {
  const { follow = false, maxReconnects = 10 } = options;
  const lifetime = new Deadline([closing, options.signal]);
  let { cursor = 0 } = options;
  let failures = 0;
  let following = follow;
  try {
    for (;;) {
      const before = cursor;
      const stream = openedEvents(connection, runId, { ...options, cursor, follow: following }, lifetime.signal);
      let step = await stream.next();
      try {
        for (; step.done !== true; step = await stream.next()) {
          if (step.value.seq <= cursor) continue;
          cursor = step.value.seq;
          yield step.value;
          if (follow && step.value.type === 'run_completed') return;
        }
      } finally {
        await stream.return({ isWhole: false, wasAlive: false });
      }
      if (step.value.isWhole) {
        if (!following) return;
        // The end of a run whose last event was known before. What came in the meantime is read without waiting.
        if (cursor === before && (await hasEnded(connection, runId, lifetime.signal))) {
          following = false;
          continue;
        }
      }
      failures = step.value.wasAlive ? 1 : failures + 1;
      if (failures > maxReconnects) {
        throw new ArpNetworkError(
          `The events of run ${runId} broke off after seq ${cursor}, ${failures} times in a row.`,
          {
            code: 'stream_broken',
            retryable: true,
            details: { cursor },
          },
        );
      }
      await sleep(connection.pauseMs(failures), lifetime.signal);
    }
  } finally {
    lifetime.end();
  }
}

/** The events of one connection. */
async function* openedEvents(
  connection: Connection,
  runId: string,
  { cursor = 0, follow = false, idleTimeoutMs = 60_000 }: RunEventsOptions,
  signal: AbortSignal,
): AsyncGenerator<RunEvent, StreamEnd> {
  signal.throwIfAborted();
  const stream = new AbortController();
  const abort = (): void => stream.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    const response = await connection.open(
      {
        method: 'GET',
        path: `/v1/runs/${encodeURIComponent(runId)}/events`,
        query: { ...(cursor > 0 ? { cursor } : {}), ...(follow ? { follow: 1 } : {}) },
        headers: { accept: 'application/x-ndjson' },
      },
      stream,
    );
    const reader = response.body?.getReader();
    if (reader === undefined) return { isWhole: true, wasAlive: false };
    const decoder = new TextDecoder();
    let rest = '';
    let wasAlive = false;
    for (;;) {
      let chunk: { readonly done: boolean; readonly value?: Uint8Array | undefined };
      const silence = new Deadline([signal], idleTimeoutMs);
      try {
        chunk = await unlessAborted(reader.read(), silence.signal);
      } catch {
        signal.throwIfAborted();
        return { isWhole: false, wasAlive };
      } finally {
        silence.end();
      }
      rest += chunk.done ? '\n' : decoder.decode(chunk.value, { stream: true });
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      if (!chunk.done && lines.length > 0) wasAlive = true;
      for (const line of lines) {
        if (line.trim() === '') continue;
        const event = eventIn(line);
        if (event === undefined) return { isWhole: false, wasAlive };
        yield event;
      }
      if (chunk.done) return { isWhole: true, wasAlive };
    }
  } finally {
    signal.removeEventListener('abort', abort);
    stream.abort(new Error('The stream is not read any more.'));
  }
}

/** A line that is no event was cut off. */
function eventIn(line: string): RunEvent | undefined {
  try {
    const event = membersOf(JSON.parse(line));
    return typeof event['seq'] === 'number' && typeof event['type'] === 'string'
      ? (event as unknown as RunEvent)
      : undefined;
  } catch {
    return undefined;
  }
}

async function hasEnded(connection: Connection, runId: string, signal: AbortSignal): Promise<boolean> {
  const { body } = await connection.send({ method: 'GET', path: `/v1/runs/${encodeURIComponent(runId)}`, signal });
  return isTerminal(body as Run);
}

/** Whether a run has ended. */
export function isTerminal({ state }: Run): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'canceled';
}
