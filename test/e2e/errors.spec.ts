import { connect } from 'node:net';
import { readRequest, ErrorEnvelope } from '#contract';
import { call, refusal } from './http.js';
import { BINDINGS } from './suites.js';
import type { SuiteUnderTest } from './suites.js';

const RUN = { root_node_type_ref: { node_type_id: 'jarvis.core.echo', version: '0.1.0' }, input: {} };

describe.each(BINDINGS)('what goes wrong, %s', (_, startSuite) => {
  let suite: SuiteUnderTest;
  let services: string[];
  beforeAll(async () => {
    suite = await startSuite({ ARP_BODY_LIMIT_BYTES: '20000' });
    services = [suite.gateway, suite.coordinator, suite.executor];
  });
  afterAll(async () => suite.stop());

  it('404 for a route that does not exist', async () => {
    for (const base of services) refusal(await call('GET', `${base}/v1/nothing`), 404, 'route_not_found');
  });

  it('405 with Allow for a method that a route does not have', async () => {
    const answer = await call('PUT', `${suite.gateway}/v1/runs`, {});
    refusal(answer, 405, 'method_not_allowed');
    expect(answer.headers.get('allow')).toBe('GET, HEAD, POST');
    refusal(await call('GET', `${suite.gateway}/v1/runs/run_1:cancel`), 405, 'method_not_allowed');
    refusal(await call('GET', `${suite.executor}/v1/atomic-node-runs:execute`), 405, 'method_not_allowed');
    for (const base of services) refusal(await call('DELETE', `${base}/v1/health`), 405, 'method_not_allowed');
  });

  it('400 for JSON that is malformed, missing, or not an object', async () => {
    for (const body of ['{"input":', '', '[]', '"text"', 'null', '{"__proto__": {"a": 1}}']) {
      for (const path of [
        `${suite.gateway}/v1/runs`,
        `${suite.coordinator}/v1/node-runs`,
        `${suite.executor}/v1/atomic-node-runs:execute`,
      ]) {
        const error = refusal(await call('POST', path, body), 400, 'invalid_request');
        expect(error.details).toHaveProperty('issues');
      }
    }
  });

  it('400 with the path of each bad field', async () => {
    const error = refusal(
      await call('POST', `${suite.gateway}/v1/runs`, {
        root_node_type_ref: { node_type_id: 7 },
        input: [],
        surprise: 1,
        extensions: { bare: 1 },
        constraints: { budgets: { max_steps: -1 }, gates: { side_effect_class: 'none' } },
      }),
      400,
      'invalid_request',
    );
    expect((error.details?.['issues'] as { path: string }[]).map(({ path }) => path)).toEqual([
      'constraints.budgets.max_steps',
      'constraints.gates.side_effect_class',
      'extensions.bare',
      'input',
      'root_node_type_ref.node_type_id',
      'root_node_type_ref.version',
      'surprise',
    ]);
  });

  it('413 for a body above the limit', async () => {
    for (const path of [
      `${suite.gateway}/v1/runs`,
      `${suite.coordinator}/v1/runs`,
      `${suite.executor}/v1/atomic-node-runs:execute`,
    ]) {
      refusal(await call('POST', path, { ...RUN, input: { text: 'x'.repeat(21_000) } }), 413, 'payload_too_large');
    }
  });

  it('415 for another media type, also those that the framework could read', async () => {
    for (const type of [
      'text/plain',
      'application/xml',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
    ]) {
      refusal(
        await call('POST', `${suite.gateway}/v1/runs`, 'a=b', { 'content-type': type }),
        415,
        'unsupported_media_type',
      );
    }
  });

  it('400 for a bad query parameter of an event stream, naming it', async () => {
    const error = refusal(
      await call('GET', `${suite.gateway}/v1/runs/run_1/events?cursor=-1&limit=0&follow=maybe`),
      400,
      'invalid_request',
    );
    expect((error.details?.['issues'] as { path: string }[]).map(({ path }) => path)).toEqual([
      'cursor',
      'limit',
      'follow',
    ]);
  });

  it('400 for an id that Postgres cannot store and for a URL that is not one', async () => {
    const node_type_id = 'atomic.\u0000';
    refusal(
      await call('POST', `${suite.gateway}/v1/runs`, { ...RUN, root_node_type_ref: { node_type_id, version: '1' } }),
      400,
      'invalid_request',
    );
    refusal(await call('GET', `${suite.gateway}/v1/runs/%E0%A4%A`), 400, 'invalid_request');
  });

  it('keeps U+0000 and lone surrogates inside inputs, where they are data', async () => {
    const input = { text: 'a\u0000b', lone: '\ud800' };
    const answer = await call<{ run_id: string }>('POST', `${suite.gateway}/v1/runs`, { ...RUN, input });
    expect(answer.status).toBe(200);
  });

  it('an envelope also for what is not HTTP, and 431 for headers without end', async () => {
    const bad = await raw(suite.gateway, 'NOT HTTP AT ALL\r\n\r\n');
    expect(bad.error.code).toBe('invalid_request');
    const long = await raw(
      suite.gateway,
      `GET /v1/health HTTP/1.1\r\nHost: x\r\nX-Long: ${'y'.repeat(40_000)}\r\n\r\n`,
    );
    expect(long.error.code).toBe('headers_too_large');
  });

  it('returns a request id with every answer, its own when the offered one is not plain', async () => {
    for (const base of services) {
      expect(
        (await call('GET', `${base}/v1/health`, undefined, { 'x-request-id': 'abc-123' })).headers.get('x-request-id'),
      ).toBe('abc-123');
      expect(
        (await call('GET', `${base}/v1/nothing`, undefined, { 'x-request-id': 'a b' })).headers.get('x-request-id'),
      ).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it('accepts a cancel without a body, with and without the JSON header', async () => {
    for (const headers of [{}, { 'content-type': 'application/json' }] as Record<string, string>[]) {
      const { body } = await call<{ run_id: string }>('POST', `${suite.gateway}/v1/runs`, RUN);
      expect((await call('POST', `${suite.gateway}/v1/runs/${body.run_id}:cancel`, undefined, headers)).status).toBe(
        200,
      );
      expect(
        (await call('POST', `${suite.executor}/v1/atomic-node-runs/${body.run_id}:cancel`, undefined, headers)).status,
      ).toBe(204);
    }
  });
});

/** Sends bytes and reads the envelope out of the raw response. */
function raw(base: string, bytes: string): Promise<ErrorEnvelope> {
  const { hostname, port } = new URL(base);
  return new Promise((settle, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.on('error', reject);
    socket.on('close', () => settle(readRequest(ErrorEnvelope, JSON.parse(text.split('\r\n\r\n')[1] ?? ''))));
  });
}
