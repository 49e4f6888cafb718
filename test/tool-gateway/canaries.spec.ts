import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createTestDatabase, freePort, startProcess, untilServing } from '#testing';
import type { ServiceProcess, TestDatabase } from '#testing';
import { call } from '../e2e/http.js';
import { everyText } from './every-text.js';
import { assertionOf, registerAgent, tokenOf } from './identity-gateway.js';

const CANARY = `canary-${randomBytes(12).toString('hex')}`;
const MASTER_KEY = randomBytes(32).toString('base64');

/** The built gateway in a process of its own, with everything that it says. */
describe('secrets', () => {
  let home: TestDatabase;
  let service: ServiceProcess;
  let url: string;
  beforeAll(async () => {
    home = await createTestDatabase();
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    service = startProcess(['dist/apps/tool-gateway/src/main.js', '--port', String(port)], {
      ARP_AUTH_PROFILE: 'dev-insecure',
      DATABASE_URL: home.url,
      JARVIS_TOOL_ENCRYPTION_KEYS: `k1:${MASTER_KEY}`,
      LOG_LEVEL: 'trace',
      LOG_FORMAT: 'json',
    });
    await untilServing(service, url);
  });
  afterAll(async () => {
    await service.stop();
    await home.drop();
  });

  it('are in no answer but the one for executors, in no line of the log and in no column of a table', async () => {
    const said: string[] = [];
    const ask = async (method: string, path: string, body?: unknown) => {
      const answer = await call(method, `${url}${path}`, body);
      said.push(JSON.stringify(answer.body ?? ''), JSON.stringify([...answer.headers]));
      return answer as typeof answer & { readonly body: { readonly id: string; readonly secret: string } };
    };
    const creds = '/api/admin/creds';
    const { body: kept } = await ask('POST', `${creds}/set`, { tool: 'serpapi', credential: CANARY });
    await ask('POST', `${creds}/activate`, { id: kept.id });
    await ask('POST', `${creds}/rotate`, { tool: 'serpapi', version: 'v2', credential: CANARY });
    await ask('POST', `${creds}/rotate`, { tool: 'serpapi', version: 'v2', credential: CANARY });
    await ask('POST', `${creds}/set`, {
      tool: `no tool ${CANARY}`,
      version: `no version ${CANARY}`,
      credential: CANARY,
    });
    await ask('POST', `${creds}/set`, { tool: 'serpapi', credential: { api_key: CANARY } });
    await ask('POST', `${creds}/set`, `{"tool": "serpapi", "credential": "${CANARY}`);
    for (const path of ['', '/serpapi', '/serpapi/versions']) await ask('GET', `${creds}${path}`);
    const read = await call<{ secret: string }>('POST', `${url}/v1/credentials:read`, { name: 'serpapi', run_id: 'r' });
    expect(read.body.secret).toBe(CANARY);
    await home.query(`update tool_credentials set sealed = sealed || 'AAAA' where is_active`);
    expect((await ask('POST', '/v1/credentials:read', { name: 'serpapi', run_id: 'r' })).status).toBe(500);

    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    const jwk = privateKey.export({ format: 'jwk' });
    await ask('POST', '/api/create-agent', { name: 'a', role: 'b', public_key: pem });
    await ask('POST', '/api/create-agent', { name: 'a', role: 'b', public_jwk: jwk });

    const agent = await registerAgent(url);
    const assertion = await assertionOf(agent);
    const { agent_token: token } = await tokenOf(url, agent, { assertion });
    await ask('POST', '/api/generate-token', {
      agent_id: agent.agentId,
      tools: ['a'],
      permissions: ['read'],
      assertion,
    });
    await ask('GET', `/api/tokens/${agent.agentId}`);
    await ask('GET', '/.well-known/jwks.json');

    const rows = await everyText(home);
    const log = service.output();
    expect(log).toContain('"path":"/api/create-agent"');
    expect(log).toContain('is not what was sealed for this row');
    expect(rows).toContain('v1.k1.');
    const secrets = [CANARY, MASTER_KEY, pem.split('\n')[1], jwk.d, token.split('.')[2], assertion.split('.')[2]];
    for (const secret of secrets) {
      expect(typeof secret).toBe('string');
      for (const place of [said.join('\n'), log, rows]) expect(place.includes(secret ?? '')).toBe(false);
    }
    for (const place of [said.join('\n'), log, rows]) expect(place).not.toMatch(/PRIVATE KEY-----/);
  });
});
