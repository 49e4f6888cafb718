import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { call } from '../e2e/http.js';
import { inOneProcess } from '../e2e/suites.js';
import type { SuiteUnderTest } from '../e2e/suites.js';
import { prepareAgent } from './prepared-agent.js';
import type { PreparedAgent } from './prepared-agent.js';

const FOLDER = join(process.cwd(), 'test/tool-gateway/stock-python-sdk');

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Record<string, unknown>;
}

describe('the stock Python SDK, as it was recorded', () => {
  let suite: SuiteUnderTest;
  let gateway: string;
  let agent: PreparedAgent;
  beforeAll(async () => {
    suite = await inOneProcess({ UPSTREAM_MODE: 'mock', JARVIS_TOOL_LEGACY_MINTING: 'true' });
    gateway = suite.toolGateway ?? '';
    agent = await prepareAgent(gateway, {
      scopes: ['serpapi:search', 'http_fetch:get', 'openai:chat', 'gmail_send:send'],
    });
  });
  afterAll(() => suite.stop());

  /** Sends a recorded request as it stands, placeholders filled in. */
  const replay = (name: string, values: Record<string, string> = {}): Promise<Answer> => {
    const [head = '', ...rest] = readFileSync(join(FOLDER, `${name}.http`), 'utf8').split('\n\n');
    const body = fill(rest.join('\n\n').trimEnd(), { agent_id: agent.id, expires_at: naiveLocalTime(10), ...values });
    const filled = fill(head, {
      host: new URL(gateway).host,
      correlation_id: `req_${Date.now()}_${randomUUID().slice(0, 9)}`,
      content_length: String(Buffer.byteLength(body)),
      ...values,
    });
    return exchange(gateway, `${filled.replaceAll('\n', '\r\n')}\r\n\r\n${body}`);
  };
  const mint = async (name: string): Promise<string> => {
    const { status, body } = await replay(name);
    expect({ name, status, body }).toMatchObject({ status: 201, body: { agent_token: expect.any(String) } });
    return body['agent_token'] as string;
  };

  it('every recorded request is replayed by a test of this file', () => {
    const source = readFileSync(join(process.cwd(), 'test/tool-gateway/stock-sdk.spec.ts'), 'utf8');
    const names = readdirSync(FOLDER).filter((file) => file.endsWith('.http'));
    expect(names).toHaveLength(10);
    for (const name of names) expect(source).toContain(`'${name.replace('.http', '')}'`);
  });

  it.each([
    ['mint-serpapi', 'serpapi-search-with-intent'],
    ['mint-gmail', 'gmail-send-with-key-in-params'],
    ['mint-http-fetch', 'http-fetch-with-proof-payload'],
    ['mint-openai', 'openai-chat'],
  ])('%s, then %s: success, data and metadata, all of them', async (minting, calling) => {
    const { status, body } = await replay(calling, { agent_token: await mint(minting) });
    expect({ calling, status, body }).toMatchObject({
      status: 200,
      body: { success: true, data: expect.any(Object), metadata: expect.any(Object) },
    });
  });

  it('an asynchronous call has a job_id, and the job is read without any credential until it is done', async () => {
    const { body } = await replay('gmail-send-async', { agent_token: await mint('mint-gmail') });
    expect(body).toMatchObject({ job_id: expect.any(String) });
    let job: Answer;
    do job = await replay('get-job', { job_id: body['job_id'] as string });
    while (['queued', 'running'].includes(job.body['status'] as string));
    expect(job).toMatchObject({ status: 200, body: { status: 'done', result: expect.any(Object) } });
    expect(job.body).not.toHaveProperty('error');
  });

  it('a mail that the SDK sends again, under the same correlation id, is sent once', async () => {
    const agent_token = await mint('mint-gmail');
    const sameCall = { agent_token, correlation_id: 'req_1763751196679_again0001' };
    const [first, again] = [await replay('gmail-send-async', sameCall), await replay('gmail-send-async', sameCall)];
    const next = await replay('gmail-send-async', { agent_token });
    expect(first.body['job_id']).toEqual(expect.any(String));
    expect(again.body['job_id']).toBe(first.body['job_id']);
    expect(next.body['job_id']).not.toBe(first.body['job_id']);
  });

  it('the correlation id of the request comes back', async () => {
    const { headers } = await replay('mint-serpapi', { correlation_id: 'req_1763751196679_m4n7tewnh' });
    expect(headers['x-correlation-id']).toBe('req_1763751196679_m4n7tewnh');
  });

  it.each([
    ['a token that is none', 'serpapi-search-with-intent', { agent_token: 'a.b' }, 401],
    ['a job that is not there', 'get-job', { job_id: 'job_0' }, 404],
    ['an agent that is not there', 'mint-serpapi', { agent_id: randomUUID() }, 404],
  ])('%s: error is a text, which the SDK needs', async (_, name, values, expected) => {
    const { status, body } = await replay(name, values);
    expect({ status, body }).toMatchObject({ status: expected, body: { error: expect.any(String) } });
  });

  it('a call that policies deny is an error with a text', async () => {
    const other = await prepareAgent(gateway, { scopes: ['http_fetch:get'] });
    const { body: minted } = await replay('mint-serpapi', { agent_id: other.id });
    const { status, body } = await replay('serpapi-search-with-intent', {
      agent_token: minted['agent_token'] as string,
    });
    expect({ status, body }).toMatchObject({
      status: 403,
      body: { error: expect.any(String), reason: 'scope_not_allowed' },
    });
  });

  it('without the setting nothing of it is issued', async () => {
    const strict = await inOneProcess({ UPSTREAM_MODE: 'mock' });
    try {
      const minted = await call('POST', `${strict.toolGateway}/api/generate-token`, {
        agent_id: agent.id,
        tools: ['serpapi'],
        permissions: ['read'],
        expires_at: naiveLocalTime(10),
      });
      expect([400, 401]).toContain(minted.status);
      expect(minted.body).not.toHaveProperty('agent_token');
    } finally {
      await strict.stop();
    }
  });
});

function fill(text: string, values: Record<string, string>): string {
  return text.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => values[name] ?? whole);
}

/** As Python's `datetime.fromtimestamp(…).isoformat()` writes it. */
function naiveLocalTime(minutes: number): string {
  return new Date(Date.now() + minutes * 60_000).toISOString().replace('Z', '123');
}

/** One request on a connection of its own, and its answer. */
async function exchange(base: string, request: string): Promise<Answer> {
  const { hostname, port } = new URL(base);
  const socket = connect(Number(port), hostname);
  socket.write(request.replace('Connection: keep-alive', 'Connection: close'));
  const text = Buffer.concat((await socket.toArray()) as Buffer[]).toString('utf8');
  const at = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = text.slice(0, at).split('\r\n');
  const headers = lines.map((line) => [
    line.slice(0, line.indexOf(':')).toLowerCase(),
    line.slice(line.indexOf(':') + 2),
  ]);
  return {
    status: Number(first.split(' ')[1]),
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: JSON.parse(text.slice(at + 4)) as Record<string, unknown>,
  };
}
