import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AtomicExecutorClient } from '#clients';
import { AppError } from '#contract';
import type { RequestContext } from '#contract';
import { refusalOf } from './refusal.js';

const ctx: RequestContext = {
  principal: { subject: 'test' },
  trace: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), flags: '00' },
  requestId: 'r',
  signal: new AbortController().signal,
};

/** What a client rejects with when the executor answers so. */
async function errorOf(status: number, body: string): Promise<unknown> {
  const server = createServer((_request, response) => void response.writeHead(status).end(body));
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new AtomicExecutorClient({ baseUrl, timeoutMs: 5_000 });
  const request = { node_run_id: 'n', run_id: 'r', node_type_ref: { node_type_id: 'a', version: '1' }, inputs: {} };
  try {
    return await client.executeAtomicNodeRun(ctx, request).then(
      () => undefined,
      (error: unknown) => error,
    );
  } finally {
    await client.close();
    await new Promise((settle) => server.close(settle));
  }
}

const envelope = (code: string) => JSON.stringify({ error: { code, message: 'No.', details: { why: 1 } } });

describe('a refusal', () => {
  it.each([
    [400, 'invalid_request'],
    [403, 'assignment_mismatch'],
    [404, 'route_not_found'],
    [405, 'method_not_allowed'],
    [409, 'node_run_id_reused'],
    [413, 'payload_too_large'],
    [415, 'unsupported_media_type'],
    [431, 'headers_too_large'],
  ])('is %s %s, with what the executor said', async (status, code) => {
    expect(refusalOf(await errorOf(status, envelope(code)))).toEqual({
      code,
      message: `The atomic executor refused the node run (${status} ${code}): No.`,
      details: { why: 1 },
    });
  });

  it('has no code of ours that would be about whoever started the run', async () => {
    expect(refusalOf(await errorOf(403, envelope('forbidden')))).toMatchObject({
      code: 'atomic_executor_unavailable',
      message: 'The atomic executor refused the node run (403 forbidden): No.',
    });
  });

  it('has a code of ours, whatever another implementation says', async () => {
    expect(refusalOf(await errorOf(403, envelope('no_such_scope')))).toMatchObject({
      code: 'atomic_executor_unavailable',
      message: 'The atomic executor refused the node run (403 no_such_scope): No.',
    });
  });

  it('is what an executor in this process throws, too', () => {
    expect(refusalOf(new AppError('node_run_id_reused'))).toMatchObject({ code: 'node_run_id_reused' });
  });

  it.each([
    [404, '<html>nothing here</html>'],
    [401, '{"detail": "who are you"}'],
    [401, envelope('unauthorized')],
    [408, envelope('too_slow')],
    [409, envelope('in_progress')],
    [409, envelope('node_run_already_terminal')],
    [429, envelope('rate_limited')],
    [500, envelope('internal_error')],
    [502, envelope('node_run_id_reused')],
    [503, envelope('execution_overloaded')],
    [200, 'no JSON'],
  ])('is not %s %s, which leaves open what has run or what would run later', async (status, body) => {
    const error = await errorOf(status, body);
    expect(error).toBeInstanceOf(AppError);
    expect(refusalOf(error)).toBeUndefined();
  });

  it('is nothing else that is thrown', () => {
    for (const error of [undefined, new Error('x'), new AppError('atomic_executor_unavailable')]) {
      expect(refusalOf(error)).toBeUndefined();
    }
  });
});
