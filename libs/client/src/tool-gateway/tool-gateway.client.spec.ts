import { createHash } from 'node:crypto';
import {
  calculateJwkThumbprint,
  decodeJwt,
  decodeProtectedHeader,
  EmbeddedJWK,
  importSPKI,
  jwtVerify,
  UnsecuredJWT,
} from 'jose';
import { FakeGateway, json, refuse, rotate, tokenNumber } from '../../test/fake-gateway.js';
import { generateAgentKey } from './agent-key.js';
import { GatewayAuthError, GatewayError, GatewayTimeoutError, GatewayTokenError } from './gateway-errors.js';
import { ToolGatewayClient } from './tool-gateway.client.js';
import type { ToolGatewayClientOptions } from './tool-gateway-options.js';

const CALL = '/api/proxy-request';
const MINT = '/api/generate-token';
const FAST = { minDelayMs: 1, maxDelayMs: 2 };

describe('ToolGatewayClient', () => {
  let gateway: FakeGateway;
  let key: Awaited<ReturnType<typeof generateAgentKey>>;
  const client = (more: Partial<ToolGatewayClientOptions> = {}) =>
    new ToolGatewayClient({
      baseUrl: gateway.url,
      agentId: 'agent-1',
      agentPrivateKey: key.privateKeyPem,
      retry: FAST,
      ...more,
    });

  beforeAll(async () => {
    key = await generateAgentKey();
  });
  beforeEach(async () => {
    gateway = await FakeGateway.start();
  });
  afterEach(() => gateway.stop());

  it('calls a tool with a token of its own, and gives what the tool gave', async () => {
    const gw = client({ defaultIntent: 'lead_discovery' });
    expect(await gw.proxy('serpapi', 'search', { q: 'x' })).toEqual({ echo: { q: 'x' } });
    const [mint] = gateway.at(MINT);
    const [call] = gateway.at(CALL);
    expect(mint?.body).toMatchObject({
      agent_id: 'agent-1',
      tools: ['serpapi'],
      permissions: ['read'],
      ttl_minutes: 15,
      assertion: expect.any(String),
    });
    expect(call?.body).toEqual({ tool: 'serpapi', action: 'search', params: { q: 'x' }, intent: 'lead_discovery' });
    expect(call?.headers).toMatchObject({
      authorization: expect.stringMatching(/^Bearer /),
      'user-agent': expect.stringMatching(/^arp-jarvis-client\//),
      traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/),
    });
    gw.setIntent(undefined);
    await gw.proxy('serpapi', 'search');
    expect(gateway.at(CALL)[1]?.body).toEqual({ tool: 'serpapi', action: 'search', params: {} });
  });

  it.each(['EdDSA', 'ES256', 'RS256'] as const)(
    'signs its assertion with %s, good for a minute and one use',
    async (alg) => {
      const pair = await generateAgentKey({ alg });
      const gw = client({ agentPrivateKey: pair.privateKeyPem });
      await gw.getToken({ tools: ['b', 'a'], permissions: ['write', 'read'], ttlMinutes: 5, intent: 'why' });
      await gw.getToken({ tools: ['a'], permissions: ['read'] });
      const jtis = new Set<unknown>();
      for (const { body } of gateway.at(MINT)) {
        const { payload, protectedHeader } = await jwtVerify(
          String(body['assertion']),
          await importSPKI(pair.publicKeyPem, alg),
          { audience: 'arp-tool-gateway', issuer: 'agent-1', subject: 'agent-1', typ: 'agent-assertion+jwt' },
        );
        expect(protectedHeader.alg).toBe(alg);
        const { tools, permissions, intent } = body;
        expect(payload).toMatchObject({ tools, permissions, ...(intent === undefined ? {} : { intent }) });
        expect(Number(payload.exp) - Number(payload.iat)).toBeLessThanOrEqual(60);
        jtis.add(payload.jti);
      }
      expect(jtis.size).toBe(2);
      expect(gateway.at(MINT)[0]?.body).toMatchObject({ ttl_minutes: 5, intent: 'why' });
    },
  );

  it('keeps a token per tool and permissions, and fetches it once for calls at the same time', async () => {
    const gw = client();
    await Promise.all([1, 2, 3].map((n) => gw.proxy('serpapi', 'search', { n })));
    await gw.proxy('serpapi', 'search');
    expect(gateway.minted).toBe(1);
    await gw.proxy('gmail_send', 'send');
    expect(gateway.at(MINT)[1]?.body).toMatchObject({ tools: ['gmail_send'], permissions: ['read', 'write'] });
    await gw.proxy('serpapi', 'search', {}, { permissions: ['write'] });
    expect(gateway.minted).toBe(3);
  });

  it('replaces a token when less than a fifth of its life is left', async () => {
    const gw = client();
    gateway.lifetime = 0;
    await gw.proxy('serpapi', 'search');
    await gw.proxy('serpapi', 'search');
    expect(gateway.at(CALL).map(tokenNumber)).toEqual([1, 2]);
  });

  it('goes on with a new token when that is recommended, and repeats nothing', async () => {
    const gw = client();
    gateway.calls.push(rotate);
    for (let n = 0; n < 3; n += 1) await gw.proxy('gmail_send', 'send', { n });
    expect(gateway.at(CALL).map(tokenNumber)).toEqual([1, 2, 2]);
    expect(gateway.at(CALL).map(({ body }) => body['params'])).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }]);
  });

  it('replaces a token of getToken too, and keeps what it was asked for', async () => {
    const gw = client();
    const token = await gw.getToken({ tools: ['serpapi', 'openai'], permissions: ['read'], ttlMinutes: 3 });
    gateway.calls.push(rotate);
    for (let n = 0; n < 3; n += 1) await gw.proxy('serpapi', 'search', { n }, token);
    expect(gateway.at(CALL).map(tokenNumber)).toEqual([1, 2, 2]);
    expect(gateway.at(MINT)[1]?.body).toMatchObject({
      tools: ['serpapi', 'openai'],
      permissions: ['read'],
      ttl_minutes: 3,
    });
  });

  it.each(['agent_token_expired', 'agent_token_invalid'])('calls once more with a new token after %s', async (code) => {
    const gw = client();
    gateway.calls.push(refuse(401, code));
    expect(await gw.proxy('gmail_send', 'send', { n: 1 })).toEqual({ echo: { n: 1 } });
    expect(gateway.at(CALL).map(tokenNumber)).toEqual([1, 2]);
    expect(new Set(gateway.at(CALL).map(({ headers }) => headers['x-correlation-id'])).size).toBe(1);
    gateway.calls.push(refuse(401, code), refuse(401, code));
    await expect(gw.proxy('gmail_send', 'send')).rejects.toMatchObject({ name: 'GatewayAuthError', code });
    expect(gateway.at(CALL)).toHaveLength(4);
  });

  it('does not call again with a token that is not its own, nor after a revocation', async () => {
    const gw = client();
    gateway.calls.push(refuse(401, 'agent_token_expired'));
    await expect(gw.proxy('serpapi', 'search', {}, 'somebody.elses.token')).rejects.toBeInstanceOf(GatewayAuthError);
    gateway.calls.push(refuse(401, 'agent_token_revoked'));
    await expect(gw.proxy('serpapi', 'search')).rejects.toBeInstanceOf(GatewayAuthError);
    expect(gateway.at(CALL)).toHaveLength(2);
  });

  it('does not send a token that is older than 24 hours', async () => {
    const iat = Math.floor(Date.now() / 1000) - 24 * 3600 - 5;
    const old = new UnsecuredJWT({ iat, exp: iat + 10 * 24 * 3600 }).encode();
    const refusal = client().proxy('serpapi', 'search', {}, old);
    await expect(refusal).rejects.toMatchObject({ name: 'GatewayTokenError', code: 'token_too_old' });
    await expect(refusal).rejects.toBeInstanceOf(GatewayTokenError);
    expect(gateway.requests).toEqual([]);
    const young = new UnsecuredJWT({ iat: iat + 60, exp: iat + 10 * 24 * 3600, n: 7 }).encode();
    await client().proxy('serpapi', 'search', {}, young);
    expect(gateway.at(CALL).map(tokenNumber)).toEqual([7]);
  });

  it('proves possession of a key with each attempt (dpop)', async () => {
    const gw = client({ dpop: true });
    gateway.calls.push(refuse(503, 'tool_overloaded'));
    await gw.proxy('serpapi', 'search');
    const [mint] = gateway.at(MINT);
    expect(decodeJwt(String(mint?.body['assertion']))['dpop_jkt']).toBe(mint?.body['dpop_jkt']);
    const jtis = new Set<unknown>();
    for (const { headers } of gateway.at(CALL)) {
      const token = headers.authorization?.replace(/^DPoP /, '') ?? '';
      const proof = String(headers['dpop']);
      const { payload } = await jwtVerify(proof, EmbeddedJWK, { typ: 'dpop+jwt' });
      expect(payload).toMatchObject({
        htm: 'POST',
        htu: `${gateway.url}${CALL}`,
        ath: createHash('sha256').update(token).digest('base64url'),
      });
      const { jwk } = decodeProtectedHeader(proof);
      expect(jwk).not.toHaveProperty('d');
      expect(await calculateJwkThumbprint(jwk ?? {})).toBe(mint?.body['dpop_jkt']);
      jtis.add(payload.jti);
    }
    expect(jtis.size).toBe(2);
  });

  it('speaks the original wire with legacyMinting', async () => {
    const gw = client({ legacyMinting: true, agentPrivateKey: '' });
    await gw.proxy('serpapi', 'search', { q: 'x' }, { proofPayload: { a: 1 } });
    const [mint] = gateway.at(MINT);
    expect(Object.keys(mint?.body ?? {}).sort()).toEqual(['agent_id', 'expires_at', 'permissions', 'tools']);
    expect(mint?.body['expires_at']).toMatch(/Z$/);
    const [call] = gateway.at(CALL);
    expect(call?.headers.authorization).toBeUndefined();
    expect(call?.body).toMatchObject({ agent_token: expect.any(String), proof_payload: '{"a":1}' });
  });

  it('makes jobs, reads them with the token of the tool, and waits for them', async () => {
    const states = ['queued', 'running', 'done'];
    gateway.calls.push((_, response) => json(response, 202, { job_id: 'job_1', status: 'queued' }));
    gateway.other = (_, response) =>
      json(response, 200, {
        job_id: 'job_1',
        status: states.shift(),
        result: { id: 'm' },
        created_at: 'c',
        finished_at: 'f',
      });
    const gw = client();
    expect(await gw.proxyAsync('gmail_send', 'send', { to: 'a@example.com' })).toEqual({ jobId: 'job_1' });
    expect(gateway.at(CALL)[0]?.body).toMatchObject({ async: true });
    expect(await gw.getJob('job_1')).toMatchObject({ jobId: 'job_1', status: 'queued' });
    const job = await gw.waitForJob('job_1', { pollMs: 1 });
    expect(job).toEqual({ jobId: 'job_1', status: 'done', result: { id: 'm' }, createdAt: 'c', finishedAt: 'f' });
    expect(gateway.at('/api/jobs/job_1').map(tokenNumber)).toEqual([1, 1, 1]);
    const stranger = client();
    gateway.other = (_, response) => json(response, 200, { status: 'running' });
    expect(await stranger.getJob('job_1')).toEqual({ jobId: 'job_1', status: 'running' });
    expect(gateway.at(MINT).at(-1)?.body).toMatchObject({ tools: ['jobs'], permissions: ['read'] });
    await expect(gw.waitForJob('job_1', { pollMs: 1, timeoutMs: 30 })).rejects.toBeInstanceOf(GatewayTimeoutError);
    await expect(gw.waitForJob('job_1', { signal: AbortSignal.abort('enough') })).rejects.toBe('enough');
  });

  it('refuses what is no answer of a gateway', async () => {
    const gw = client();
    gateway.calls.push(
      (_, response) => json(response, 200, {}),
      (_, response) => void response.end('<html><title>Hi</title></html>'),
    );
    await expect(gw.proxy('serpapi', 'search')).rejects.toMatchObject({ code: 'invalid_response' });
    await expect(gw.proxy('serpapi', 'search')).rejects.toThrow(/no JSON: Hi/);
    gateway.mints.push((_, response) => json(response, 201, {}));
    await expect(gw.getToken({ tools: ['x'], permissions: ['read'] })).rejects.toThrow(/agent_token/);
  });

  it('does not follow a redirect with its token', async () => {
    const gw = client({ retry: { retries: 0 } });
    gateway.calls.push((_, response) => void response.writeHead(307, { location: '/elsewhere' }).end());
    await expect(gw.proxy('serpapi', 'search')).rejects.toMatchObject({ code: 'network_error' });
    expect(gateway.at('/elsewhere')).toEqual([]);
  });

  it.each(['agentId', 'agentPrivateKey'])('says that it needs %s', (name) => {
    const options = { baseUrl: 'https://gateway.internal', agentId: 'a', agentPrivateKey: 'k', [name]: undefined };
    expect(() => new ToolGatewayClient(options as never)).toThrow(`ToolGatewayClient needs ${name}.`);
  });

  it('is closed by close() and by await using', async () => {
    const gw = client();
    await gw.close();
    await expect(gw.proxy('serpapi', 'search')).rejects.toMatchObject({ code: 'client_closed' });
    const other = client();
    await other[Symbol.asyncDispose]();
    await expect(other.getToken({ tools: ['x'], permissions: ['read'] })).rejects.toBeInstanceOf(GatewayError);
    expect(gateway.requests).toEqual([]);
  });

  it('says what is wrong with a base URL', () => {
    expect(() => client({ baseUrl: 'gateway' })).toThrow(/baseUrl is no URL/);
    expect(() => client({ baseUrl: 'ftp://gateway' })).toThrow(/https/);
    expect(() => client({ baseUrl: 'https://me:pw@gateway' })).toThrow(/password/);
  });
});
