import { readRequest } from '#contract';
import type { ContractClass, ErrorEnvelope, RunEvent } from '#contract';
import { ErrorEnvelope as ErrorEnvelopeClass, RunEvent as RunEventClass } from '#contract';

/** An answer as it came. */
export interface Answer<T = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

export async function call<T = unknown>(
  method: string,
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer<T>> {
  const response = await fetch(url, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: (text === '' ? undefined : JSON.parse(text)) as T,
  };
}

/** The answer's body, checked strictly against its contract class: no unknown property, no null. */
export function conforming<T extends object>(contractClass: ContractClass<T>, answer: Answer): T {
  if (answer.status !== 200) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return readRequest(contractClass, answer.body);
}

/** The answer's error, checked against the contract and the code and status that were expected. */
export function refusal(answer: Answer, status: number, code: string): ErrorEnvelope['error'] {
  const { error } = readRequest(ErrorEnvelopeClass, answer.body);
  expect({ status: answer.status, code: error.code }).toEqual({ status, code });
  expect(answer.headers.get('content-type')).toContain('application/json');
  return error;
}

/** The events of a stream that ends by itself, each checked against the contract. */
export async function eventsOf(url: string): Promise<RunEvent[]> {
  const response = await fetch(url);
  expect(response.headers.get('content-type')).toContain('application/x-ndjson');
  const text = await response.text();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => readRequest(RunEventClass, JSON.parse(line)));
}
