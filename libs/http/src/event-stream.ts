import { Readable } from 'node:stream';
import type { EventStreamOptions, RunEvent } from '#contract';
import { invalidRequest } from './error-envelope.js';

/** Query parameters of an event stream as they arrive. */
export interface EventStreamQuery {
  readonly cursor?: string;
  readonly limit?: string;
  readonly follow?: string;
}

const FLAGS: Readonly<Record<string, boolean>> = { '1': true, true: true, '0': false, false: false };

/**
 * Reads `cursor` (exclusive `seq`), `limit` and `follow`.
 *
 * @throws AppError invalid_request naming the parameter
 */
export function readEventStreamQuery(query: EventStreamQuery): EventStreamOptions {
  const issues: { path: string; message: string }[] = [];
  const whole = (name: 'cursor' | 'limit', minimum: number): number | undefined => {
    const text = query[name];
    if (text === undefined || text === '') return undefined;
    if (/^\d{1,15}$/.test(text) && Number(text) >= minimum) return Number(text);
    issues.push({ path: name, message: `must be a whole number of at least ${minimum}` });
    return undefined;
  };
  const cursor = whole('cursor', 0);
  const limit = whole('limit', 1);
  const follow = query.follow === undefined || query.follow === '' ? false : FLAGS[query.follow];
  if (follow === undefined) issues.push({ path: 'follow', message: 'must be 1 or 0' });
  if (issues.length > 0) throw invalidRequest(issues);
  return {
    follow: follow === true,
    ...(cursor === undefined ? {} : { cursor }),
    ...(limit === undefined ? {} : { limit }),
  };
}

/** The events as an NDJSON body. Events are pulled as the reader takes them: a slow reader costs one buffer, not the log. */
export function ndjson(events: AsyncIterable<RunEvent>): Readable {
  return Readable.from(lines(events), { objectMode: false });
}

async function* lines(events: AsyncIterable<RunEvent>): AsyncGenerator<string> {
  for await (const event of events) yield `${JSON.stringify(event)}\n`;
}
