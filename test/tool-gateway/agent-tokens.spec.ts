import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import type { JSONWebKeySet } from 'jose';
import type { Principal, RequestContext } from '#contract';
import { Database } from '#database';
import { createTestDatabase } from '#testing';
import type { TestDatabase } from '#testing';
import { AgentTokensService } from '../../apps/tool-gateway/src/tokens/agent-tokens.service.js';
import type { PresentedToken } from '../../apps/tool-gateway/src/tokens/agent-tokens.service.js';
import { TokenSweepService } from '../../apps/tool-gateway/src/tokens/token-sweep.service.js';
import { call } from '../e2e/http.js';
import {
  ASKED,
  askForToken,
  assertionOf,
  athOf,
  makeProofKey,
  proofOf,
  registerAgent,
  startToolGateway,
  tokenOf,
} from './identity-gateway.js';
import type { AssertionFlaws, ProofKey, RegisteredAgent, StartedToolGateway, TokenAnswer } from './identity-gateway.js';

const CTX: RequestContext = {
  principal: { subject: 'nobody' } satisfies Principal,
  trace: { traceId: '0'.repeat(31) + '1', spanId: '0'.repeat(15) + '1', flags: '00' },
  requestId: 'r1',
  signal: new AbortController().signal,
};
const seconds = (from = 0) => Math.floor(Date.now() / 1_000) + from;

let home: TestDatabase;
let gateway: StartedToolGateway;
let other: StartedToolGateway;
let agent: RegisteredAgent;
beforeAll(async () => {
  home = await createTestDatabase();
  gateway = await startToolGateway(home);
  other = await startToolGateway(home);
  agent = await registerAgent(gateway.url);
});
afterAll(async () => {
  await other.stop();
  await gateway.stop();
  await home.drop();
});

const verify = (presented: PresentedToken, at: StartedToolGateway = gateway) =>
  at.service(AgentTokensService).verify(CTX, presented);
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'accepted',
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  );

/** A token of ours with the parts replaced that are given; signed with `key`, or with the signature that it had. */
async function forge(
  token: string,
  parts: {
    readonly header?: Record<string, unknown>;
    readonly claims?: Record<string, unknown>;
    readonly key?: Parameters<SignJWT['sign']>[0];
  },
): Promise<string> {
  const header = { ...decodeProtectedHeader(token), ...parts.header };
  const claims = { ...decodeJwt(token), ...parts.claims };
  if (parts.key !== undefined) {
    return new SignJWT(claims).setProtectedHeader(header as { alg: string }).sign(parts.key);
  }
  const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url');
  return [encode(header), encode(claims), token.split('.')[2]].join('.');
}

async function jwksOf({ url }: StartedToolGateway = gateway): Promise<JSONWebKeySet> {
  return (await call<JSONWebKeySet>('GET', `${url}/.well-known/jwks.json`)).body;
}

describe('an agent token', () => {
  it('says what it is for, is verified in any process and with the published keys, and is not kept', async () => {
    const answer = await askForToken(gateway.url, agent, { intent: 'data_collection', ttl_minutes: 30 }, {});
    expect(answer.status).toBe(201);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const { agent_token: token, token_id: tokenId, expires_at: expiresAt, agent_name: name } = answer.body;
    expect(name).toBe('scout');
    expect(Math.abs(Date.parse(expiresAt) - Date.now() - 1_800_000)).toBeLessThan(30_000);
    for (const process of [gateway, other]) {
      expect(await verify({ token, tokenId }, process)).toEqual({
        agentId: agent.agentId,
        agentName: 'scout',
        role: 'scraper',
        owner: null,
        tools: ['http_fetch'],
        permissions: ['read'],
        intent: 'data_collection',
        tokenId,
        issuedAt: expect.any(Date),
        expiresAt: new Date(expiresAt),
      });
    }
    const keys = await jwksOf();
    expect(keys.keys.every((key) => !('d' in key))).toBe(true);
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(keys));
    expect(protectedHeader).toEqual({ alg: 'EdDSA', typ: 'agent+jwt', kid: keys.keys[0]?.kid });
    expect(payload).toMatchObject({ iss: 'arp-tool-gateway', sub: agent.agentId, jti: tokenId, tools: ['http_fetch'] });
    expect(JSON.stringify(await home.query('select * from tool_tokens'))).not.toContain(token.split('.')[2]);
  });

  it('lasts 15 minutes by itself, and as long as expires_at says', async () => {
    const { expires_at: byItself } = await tokenOf(gateway.url, agent);
    expect(Math.abs(Date.parse(byItself) - Date.now() - 900_000)).toBeLessThan(30_000);
    const wanted = new Date(Date.now() + 7_200_000).toISOString().replace(/\.\d+Z/, '.000Z');
    expect((await tokenOf(gateway.url, agent, { expires_at: wanted })).expires_at).toBe(wanted);
  });

  it('is had with a P-256 and an RSA key too, with RS256 and PS256', async () => {
    const ec = await registerAgent(gateway.url, {}, generateKeyPairSync('ec', { namedCurve: 'P-256' }));
    const rsa = await registerAgent(gateway.url, {}, generateKeyPairSync('rsa', { modulusLength: 2_048 }));
    const had: [RegisteredAgent, string][] = [
      [ec, 'ES256'],
      [rsa, 'RS256'],
      [rsa, 'PS256'],
    ];
    for (const [one, alg] of had) {
      const { agent_token: token } = await tokenOf(gateway.url, one, {}, { header: { alg, typ: 'JWT' } });
      expect((await verify({ token })).agentId).toBe(one.agentId);
    }
  });

  it('expires', async () => {
    const { agent_token: token } = await tokenOf(gateway.url, agent, {
      expires_at: new Date(Date.now() + 2_500).toISOString(),
    });
    expect(await codeOf(verify({ token }))).toBe('accepted');
    for (let left = 100; (await codeOf(verify({ token }))) === 'accepted'; left -= 1) {
      if (left === 0) throw new Error('it does not expire');
      await sleep(100);
    }
    expect(await codeOf(verify({ token }))).toBe('agent_token_expired');
  });

  const secretOf = async () => Buffer.from(JSON.stringify((await jwksOf()).keys[0]));
  const pemOf = async () => {
    const { x } = (await jwksOf()).keys[0] as { x: string };
    return Buffer.from(x, 'base64url');
  };
  const { privateKey: strange } = generateKeyPairSync('ed25519');
  const FORGERIES: [string, (minted: TokenAnswer) => Promise<string> | string][] = [
    ['no JWT', () => 'garbage'],
    ['an empty text', () => ''],
    ['a signature cut', ({ agent_token: token }) => token.slice(0, -4)],
    ['a longer life', ({ agent_token: token }) => forge(token, { claims: { exp: seconds(80_000) } })],
    ['more tools', ({ agent_token: token }) => forge(token, { claims: { tools: ['gmail_send'] } })],
    ['another agent', ({ agent_token: token }) => forge(token, { claims: { sub: 'agent_other' } })],
    [
      'alg none',
      async ({ agent_token: token }) => (await forge(token, { header: { alg: 'none' } })).replace(/[^.]+$/, ''),
    ],
    ['alg none, its signature kept', ({ agent_token: token }) => forge(token, { header: { alg: 'none' } })],
    [
      'HS256 with the public JWK',
      async ({ agent_token: token }) => forge(token, { header: { alg: 'HS256' }, key: await secretOf() }),
    ],
    [
      'HS256 with the public bytes',
      async ({ agent_token: token }) => forge(token, { header: { alg: 'HS256' }, key: await pemOf() }),
    ],
    ['another key under the same kid', ({ agent_token: token }) => forge(token, { key: strange })],
    ['the key of the agent', ({ agent_token: token }) => forge(token, { key: agent.privateKey })],
    [
      'a kid that is not there',
      ({ agent_token: token }) => forge(token, { header: { kid: 'A'.repeat(43) }, key: strange }),
    ],
    ['no kid', ({ agent_token: token }) => forge(token, { header: { kid: undefined }, key: strange })],
    ['another typ', ({ agent_token: token }) => forge(token, { header: { typ: 'JWT' } })],
    [
      'its key in the header',
      ({ agent_token: token }) =>
        forge(token, { header: { jwk: agent.privateKey.export({ format: 'jwk' }) }, key: agent.privateKey }),
    ],
    ['an assertion in its place', () => assertionOf(agent)],
    [
      'the token of the original gateway',
      () => `${Buffer.from(JSON.stringify({ agent_id: agent.agentId })).toString('base64')}.${'0'.repeat(64)}`,
    ],
  ];
  it.each(FORGERIES)('with %s is refused', async (_name, forgery) => {
    const minted = await tokenOf(gateway.url, agent);
    expect(await codeOf(verify({ token: minted.agent_token }))).toBe('accepted');
    expect(await codeOf(verify({ token: await forgery(minted) }))).toBe('agent_token_invalid');
  });

  it('with the token_id of another is refused', async () => {
    const one = await tokenOf(gateway.url, agent);
    const two = await tokenOf(gateway.url, agent);
    expect(await codeOf(verify({ token: one.agent_token, tokenId: two.token_id }))).toBe('agent_token_invalid');
  });

  it('that was deleted here, or is other than what was issued, is refused', async () => {
    const { agent_token: token, token_id: id } = await tokenOf(gateway.url, agent);
    await home.query(`update tool_tokens set token_hash = 'other' where token_id = $1`, [id]);
    expect(await codeOf(verify({ token }))).toBe('agent_token_invalid');
    await home.query(`delete from tool_tokens where token_id = $1`, [id]);
    expect(await codeOf(verify({ token }))).toBe('agent_token_invalid');
  });

  it('is refused by the next call in any process once it is revoked; the first time stays', async () => {
    const { agent_token: token, token_id: id } = await tokenOf(gateway.url, agent);
    expect(await codeOf(verify({ token }, other))).toBe('accepted');
    const revoked = await call<{ revoked_at: string }>('POST', `${gateway.url}/api/tokens/${id}/revoke`);
    expect(revoked).toMatchObject({ status: 200, body: { token_id: id, message: 'The token is revoked.' } });
    for (const process of [other, gateway]) {
      expect(await codeOf(verify({ token }, process))).toBe('agent_token_revoked');
    }
    const again = await call('POST', `${other.url}/api/admin/tokens/${id}/revoke`);
    expect(again.body).toEqual(revoked.body);
    const nothing = await call('POST', `${gateway.url}/api/tokens/nothing/revoke`);
    expect(nothing).toMatchObject({ status: 404, body: { code: 'agent_token_not_found' } });
  });

  it('of an agent made inactive is refused at once, and none is issued', async () => {
    const one = await registerAgent(gateway.url);
    const { agent_token: token } = await tokenOf(gateway.url, one);
    expect((await call('PATCH', `${gateway.url}/api/agents/${one.agentId}`, { status: 'inactive' })).status).toBe(200);
    expect(await codeOf(verify({ token }, other))).toBe('agent_inactive');
    expect(await askForToken(other.url, one)).toMatchObject({ status: 403, body: { code: 'agent_inactive' } });
    expect((await call('PATCH', `${gateway.url}/api/agents/${one.agentId}`, { status: 'active' })).status).toBe(200);
    expect(await codeOf(verify({ token }, other))).toBe('accepted');
  });

  it('is listed without itself, newest first, a page at a time', async () => {
    const one = await registerAgent(gateway.url);
    const ids: string[] = [];
    for (const intent of ['a', 'b', 'c']) ids.unshift((await tokenOf(gateway.url, one, { intent })).token_id);
    interface Listed {
      readonly tokens: readonly Record<string, unknown>[];
      readonly pagination: { readonly next_page_token?: string };
    }
    const url = `${gateway.url}/api/tokens/${one.agentId}?limit=2`;
    const first = (await call<Listed>('GET', url)).body;
    const second = (await call<Listed>('GET', `${url}&page_token=${first.pagination.next_page_token}`)).body;
    const listed = [...first.tokens, ...second.tokens];
    expect(new Set(listed.map(({ token_id }) => token_id))).toEqual(new Set(ids));
    expect(second.pagination.next_page_token).toBeUndefined();
    expect(JSON.stringify(listed)).not.toMatch(/eyJ|hash/);
    const all = (await call<Listed>('GET', `${gateway.url}/api/admin/tokens?limit=500`)).body.tokens;
    expect(all.map(({ token_id }) => token_id)).toEqual(expect.arrayContaining(ids));
    expect((await call('GET', `${gateway.url}/api/tokens/nobody`)).status).toBe(404);
  });
});

describe('an assertion', () => {
  const FLAWS: [string, AssertionFlaws | (() => AssertionFlaws), string][] = [
    ['of another key', { key: generateKeyPairSync('ed25519').privateKey }, 'not signed by a key'],
    ['of a key that the kid does not name', { header: { kid: 'A'.repeat(43) } }, 'not signed by a key'],
    [
      'signed with HS256 and the public key',
      () => ({ header: { alg: 'HS256' }, key: Buffer.from(agent.pem) }),
      'not signed by a key',
    ],
    ['of another typ', { header: { typ: 'at+jwt' } }, 'typ'],
    ['without a typ', { header: { typ: undefined } }, 'typ'],
    ['for another audience', { claims: { aud: 'arp-run-gateway' } }, 'aud'],
    ['for others too', { claims: { aud: ['arp-tool-gateway', 'elsewhere'] } }, 'aud'],
    ['without an audience', { claims: { aud: undefined } }, 'aud'],
    ['of another issuer', { claims: { iss: 'somebody' } }, 'iss and sub'],
    ['about another agent', { claims: { sub: 'somebody' } }, 'iss and sub'],
    ['that lives longer', () => ({ claims: { iat: seconds(), exp: seconds(61) } }), 'exp'],
    ['that has expired', () => ({ claims: { iat: seconds(-70), exp: seconds(-10) } }), 'expired'],
    ['of the future', () => ({ claims: { iat: seconds(30), exp: seconds(60) } }), 'future'],
    ['without exp', { claims: { exp: undefined } }, 'exp'],
    ['without iat', { claims: { iat: undefined } }, 'iat'],
    ['not valid yet', () => ({ claims: { nbf: seconds(3_600) } }), 'not signed by a key'],
    ['without jti', { claims: { jti: undefined } }, 'jti'],
    ['with an endless jti', { claims: { jti: 'x'.repeat(257) } }, 'jti'],
    ['for other tools', { claims: { tools: ['gmail_send'] } }, 'tools'],
    ['for fewer tools', { claims: { tools: [] } }, 'tools'],
    ['without tools', { claims: { tools: undefined } }, 'tools'],
    ['for other permissions', { claims: { permissions: ['read', 'write'] } }, 'permissions'],
    ['of another intent', { claims: { intent: 'harmless' } }, 'intent'],
    ['that binds to a key', { claims: { dpop_jkt: 'A'.repeat(43) } }, 'dpop_jkt'],
  ];
  it.each(FLAWS)('%s is refused', async (_name, flaws, says) => {
    const answer = await askForToken(gateway.url, agent, {}, typeof flaws === 'function' ? flaws() : flaws);
    expect(answer).toMatchObject({ status: 401, body: { code: 'agent_assertion_invalid' } });
    expect(answer.body.error).toContain(says);
    expect(answer.body.correlation_id).toBe(answer.headers.get('x-correlation-id'));
  });

  it('is required, and must be a JWT', async () => {
    for (const assertion of [undefined, '', 'a.b.c', 'x'.repeat(20_000)]) {
      expect(await askForToken(gateway.url, agent, { assertion })).toMatchObject({
        status: 401,
        body: { code: 'agent_assertion_invalid' },
      });
    }
  });

  it('unsigned is refused', async () => {
    const [, claims] = (await assertionOf(agent)).split('.');
    const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'agent-assertion+jwt' })).toString('base64url');
    expect((await askForToken(gateway.url, agent, { assertion: `${header}.${claims}.` })).status).toBe(401);
  });

  it('of an RSA key with HS256 and its PEM as the secret is refused', async () => {
    const rsa = await registerAgent(gateway.url, {}, generateKeyPairSync('rsa', { modulusLength: 2_048 }));
    for (const secret of [rsa.pem, rsa.pem.trim()]) {
      const flaws = { header: { alg: 'HS256' }, key: Buffer.from(secret) };
      expect((await askForToken(gateway.url, rsa, {}, flaws)).body.code).toBe('agent_assertion_invalid');
    }
    expect((await askForToken(gateway.url, rsa, {}, { header: { alg: 'RS384' } })).status).toBe(401);
  });

  it('may name the public URL as its audience, where there is one', async () => {
    const behind = await startToolGateway(home, { JARVIS_TOOL_GATEWAY_PUBLIC_URL: 'https://tools.example.org/gw/' });
    try {
      for (const aud of ['https://tools.example.org/gw', 'arp-tool-gateway']) {
        expect((await askForToken(behind.url, agent, {}, { claims: { aud } })).status).toBe(201);
      }
      const aud = 'https://tools.example.org';
      expect((await askForToken(behind.url, agent, {}, { claims: { aud } })).status).toBe(401);
    } finally {
      await behind.stop();
    }
  });

  it('of an agent that is not there is refused as one with a wrong key', async () => {
    const stranger = { ...agent, agentId: `agent_${randomUUID()}` };
    const { privateKey: key } = generateKeyPairSync('ed25519');
    const [unknown, wrong] = [
      await askForToken(gateway.url, stranger),
      await askForToken(gateway.url, agent, {}, { key }),
    ];
    expect(unknown.body).toEqual({ ...wrong.body, correlation_id: unknown.body.correlation_id });
  });

  it('works within the skew of clocks', async () => {
    const early = { claims: { iat: seconds(4), exp: seconds(60) } };
    const late = { claims: { iat: seconds(-62), exp: seconds(-2) } };
    for (const flaws of [early, late]) expect((await askForToken(gateway.url, agent, {}, flaws)).status).toBe(201);
  });

  it('works once, also where it is used twenty times at once in two processes', async () => {
    const assertion = await assertionOf(agent);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        askForToken([gateway, other][index % 2]?.url ?? '', agent, { assertion }),
      ),
    );
    const codes = answers.map(({ status, body }) => (status === 201 ? 'token' : body.code)).sort();
    expect(codes).toEqual([...Array<string>(19).fill('agent_assertion_replayed'), 'token']);
    expect((await askForToken(other.url, agent, { assertion })).body.code).toBe('agent_assertion_replayed');
  });

  it('of a key that was removed is refused, of one that was added taken', async () => {
    const one = await registerAgent(gateway.url);
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const keys = `${gateway.url}/api/agents/${one.agentId}/keys`;
    const added = await call('POST', keys, { public_jwk: publicKey.export({ format: 'jwk' }) });
    expect(added).toMatchObject({ status: 201, body: { key_id: expect.stringMatching(/^[\w-]{43}$/) } });
    expect((await askForToken(gateway.url, one, {}, { key: privateKey })).status).toBe(201);
    expect((await call('DELETE', `${keys}/${one.keyId}`)).status).toBe(204);
    expect((await askForToken(gateway.url, one)).status).toBe(401);
    expect(await call('DELETE', `${keys}/${one.keyId}`)).toMatchObject({
      status: 404,
      body: { code: 'agent_key_not_found' },
    });
  });
});

describe('what is asked for', () => {
  it.each([
    ['tools', { tools: ['*'] }],
    ['tools', { tools: ['serpapi:search'] }],
    ['tools', { tools: [] }],
    ['tools', { tools: Array.from({ length: 101 }, (_, index) => `t${index}`) }],
    ['permissions', { permissions: ['admin'] }],
    ['permissions', { permissions: [] }],
    ['expires_at', { expires_at: '2999-01-01T00:00:00Z' }],
    ['expires_at', { expires_at: '2020-01-01T00:00:00Z' }],
    ['expires_at', { expires_at: '2026-11-21T04:53:16.679165' }],
    ['expires_at', { expires_at: 'tomorrow' }],
    ['ttl_minutes', { ttl_minutes: 1_441 }],
    ['ttl_minutes', { ttl_minutes: 0 }],
    ['ttl_minutes', { ttl_minutes: 5, expires_at: '2026-11-21T04:53:16Z' }],
    ['dpop_jkt', { dpop_jkt: 'short' }],
    ['intent', { intent: ' ' }],
    ['owner', { owner: 'tenant:other' }],
  ])('with bad %s is refused: %j', async (path, body) => {
    const answer = await askForToken(gateway.url, agent, body, { claims: { ...ASKED, ...body } });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(answer.body.error).toContain(path);
  });
});

describe('a token that is bound to a key', () => {
  const method = 'POST';
  const url = 'http://127.0.0.1:8090/api/proxy-request?x=1';
  let key: ProofKey;
  let token: string;
  beforeAll(async () => {
    key = await makeProofKey();
    ({ agent_token: token } = await tokenOf(gateway.url, agent, { dpop_jkt: key.jkt }));
  });
  const claims = () => ({ htm: method, htu: 'http://127.0.0.1:8090/api/proxy-request', ath: athOf(token) });
  const present = (proof: string, at?: StartedToolGateway) => verify({ token, dpop: { proof, method, url } }, at);

  it('works with a proof, which works once in all processes', async () => {
    const proof = await proofOf(key, claims());
    const codes = await Promise.all(
      Array.from({ length: 10 }, (_, n) => codeOf(present(proof, [gateway, other][n % 2]))),
    );
    expect(codes.sort()).toEqual(['accepted', ...Array<string>(9).fill('dpop_proof_invalid')]);
    expect(
      await codeOf(present(await proofOf(key, { ...claims(), htu: `HTTP://127.0.0.1:8090/api/proxy-request?y#z` }))),
    ).toBe('accepted');
  });

  it('is useless without one', async () => {
    expect(await codeOf(verify({ token }))).toBe('dpop_proof_invalid');
    const proof = await proofOf(key, { ...claims(), htu: 'nowhere' });
    expect(await codeOf(verify({ token, dpop: { proof, method, url: 'nowhere' } }))).toBe('dpop_proof_invalid');
  });

  const FLAWS: [string, () => Promise<string> | string][] = [
    ['that is none', () => 'garbage'],
    ['of another method', () => proofOf(key, { ...claims(), htm: 'GET' })],
    ['of another path', () => proofOf(key, { ...claims(), htu: 'http://127.0.0.1:8090/api/jobs/1' })],
    ['of another host', () => proofOf(key, { ...claims(), htu: 'https://evil.example/api/proxy-request' })],
    ['without htu', () => proofOf(key, { ...claims(), htu: undefined })],
    ['for another token', () => proofOf(key, { ...claims(), ath: athOf('other') })],
    ['without ath', () => proofOf(key, { ...claims(), ath: undefined })],
    ['that is old', () => proofOf(key, { ...claims(), iat: seconds(-70) })],
    ['of the future', () => proofOf(key, { ...claims(), iat: seconds(70) })],
    ['without iat', () => proofOf(key, { ...claims(), iat: undefined })],
    ['without jti', () => proofOf(key, { ...claims(), jti: undefined })],
    ['of another typ', () => proofOf(key, claims(), { typ: 'JWT' })],
    ['of another key', async () => proofOf(await makeProofKey(), claims())],
    ['that names the key and has another', async () => proofOf({ ...(await makeProofKey()), jwk: key.jwk }, claims())],
    ['with the private key in it', () => proofOf(key, claims(), { jwk: key.privateKey.export({ format: 'jwk' }) })],
    ['signed with HS256', () => proofOf(key, claims(), { alg: 'HS256' }, Buffer.from(JSON.stringify(key.jwk)))],
    [
      'unsigned',
      async () => {
        const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url');
        return `${encode({ alg: 'none', typ: 'dpop+jwt', jwk: key.jwk })}.${(await proofOf(key, claims())).split('.')[1]}.`;
      },
    ],
  ];
  it.each(FLAWS)('is refused with a proof %s', async (_name, proof) => {
    expect(await codeOf(present(await proof()))).toBe('dpop_proof_invalid');
  });
});

describe('signing keys', () => {
  it('rotate while tokens live: those before stay good, in all processes, and both keys are published', async () => {
    const before = await tokenOf(gateway.url, agent);
    const rotated = await call<{ key_id: string }>('POST', `${gateway.url}/api/admin/signing-keys/rotate`);
    expect(rotated.status).toBe(200);
    const after = await tokenOf(other.url, agent);
    expect(decodeProtectedHeader(after.agent_token).kid).toBe(rotated.body.key_id);
    for (const process of [gateway, other]) {
      for (const { agent_token: token } of [before, after]) {
        expect(await codeOf(verify({ token }, process))).toBe('accepted');
      }
    }
    for (let left = 50; ; left -= 1) {
      const kids = (await jwksOf(other)).keys.map(({ kid }) => kid);
      if ([before, after].every((token) => kids.includes(decodeProtectedHeader(token.agent_token).kid))) break;
      if (left === 0) throw new Error('a key is not published');
      await sleep(100);
    }
  });

  it('are one where several processes need the first at once', async () => {
    const empty = await createTestDatabase();
    const started = await Promise.all([startToolGateway(empty), startToolGateway(empty), startToolGateway(empty)]);
    try {
      const one = await registerAgent(started[0].url);
      await Promise.all([...started, ...started].map(({ url }) => tokenOf(url, one)));
      expect(await empty.query('select key_id from tool_signing_keys')).toHaveLength(1);
    } finally {
      for (const process of started) await process.stop();
      await empty.drop();
    }
  });

  it('that are unknown cost one look at the database in a second, however many tokens name them', async () => {
    const { agent_token: token } = await tokenOf(gateway.url, agent);
    const { privateKey: key } = generateKeyPairSync('ed25519');
    const garbage = await Promise.all(
      Array.from({ length: 50 }, () => forge(token, { header: { kid: athOf(randomUUID()) }, key })),
    );
    const database = gateway.service(Database);
    const query = database.query.bind(database);
    const statements: string[] = [];
    database.query = (statement, parameters) => {
      statements.push(statement);
      return query(statement, parameters);
    };
    const startedAt = performance.now();
    try {
      const codes: Promise<string>[] = [];
      for (const one of garbage) {
        codes.push(codeOf(verify({ token: one })));
        await sleep(20);
      }
      expect(new Set(await Promise.all(codes))).toEqual(new Set(['agent_token_invalid']));
    } finally {
      database.query = query;
    }
    expect(new Set(statements).size).toBe(1);
    expect(statements[0]).toContain('from tool_signing_keys');
    expect(statements.length).toBeLessThanOrEqual(2 + (performance.now() - startedAt) / 1_000);
  });

  it('are not looked for in what is no token of ours', async () => {
    const tokens = ['garbage', await assertionOf(agent), `${'x'.repeat(20_000)}.y.z`];
    const database = gateway.service(Database);
    const query = database.query.bind(database);
    database.query = () => Promise.reject(new Error('the database was asked'));
    try {
      for (const token of tokens) expect(await codeOf(verify({ token }))).toBe('agent_token_invalid');
    } finally {
      database.query = query;
    }
  });
});

describe('the sweep', () => {
  it('deletes used ids and old tokens that expired, and keys that signed nothing that is still valid', async () => {
    await tokenOf(gateway.url, agent);
    const count = async (table: string) =>
      (await home.query<{ n: number }>(`select count(*)::int as n from ${table}`))[0]?.n ?? 0;
    const sweep = (inMs: number) => gateway.service(TokenSweepService).sweep(new Date(Date.now() + inMs));
    const [ids, tokens, keys] = [
      await count('tool_used_ids'),
      await count('tool_tokens'),
      await count('tool_signing_keys'),
    ];
    expect(ids * tokens).toBeGreaterThan(0);
    expect(keys).toBe(2);
    await sweep(0);
    expect([await count('tool_used_ids'), await count('tool_tokens')]).toEqual([ids, tokens]);
    await sweep(200_000);
    expect([await count('tool_used_ids'), await count('tool_tokens')]).toEqual([0, tokens]);
    await sweep(86_400_000);
    expect(await count('tool_signing_keys')).toBe(2);
    await sweep(86_400_000 + 700_000);
    expect(await count('tool_signing_keys')).toBe(1);
    await sweep(32 * 86_400_000);
    expect(await count('tool_tokens')).toBe(0);
  });
});
