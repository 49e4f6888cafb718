import { generateKeyPairSync } from 'node:crypto';
import { decodeProtectedHeader } from 'jose';
import { generateAgentKey, readAgentKey, signAssertion } from './agent-key.js';
import type { AgentPrivateKey } from './agent-key.js';
import { GatewayTokenError } from './gateway-errors.js';
import { contentIdempotencyKey, generateIdempotencyKey } from './idempotency-keys.js';

const CLAIMS = { agentId: 'a', audience: 'b', tools: [], permissions: [], intent: undefined, dpopJkt: undefined };
const algOf = async (key: AgentPrivateKey) =>
  decodeProtectedHeader(await signAssertion(await readAgentKey(key), CLAIMS)).alg;

describe('the key of an agent', () => {
  it.each(['EdDSA', 'ES256', 'RS256'] as const)('%s is read as PEM, as JWK and as a CryptoKey', async (alg) => {
    const { privateKeyPem, publicKeyPem, publicJwk } = await generateAgentKey({ alg });
    expect(publicKeyPem).toMatch(/^-----BEGIN PUBLIC KEY-----/);
    expect(publicJwk).toMatchObject({ alg, use: 'sig' });
    expect(publicJwk).not.toHaveProperty('d');
    expect(await algOf(`\n${privateKeyPem}\n`)).toBe(alg);
    const { key } = await readAgentKey(privateKeyPem);
    expect(await algOf(key)).toBe(alg);
    const { createPrivateKey } = await import('node:crypto');
    expect(await algOf({ ...createPrivateKey(privateKeyPem).export({ format: 'jwk' }) })).toBe(alg);
  });

  it.each([
    ['no PEM', 'test-key', /no PEM/],
    ['nothing', '', /no PEM/],
    [
      'a public key',
      generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' }),
      /"PUBLIC KEY" is not PKCS#8/,
    ],
    [
      'PKCS#1',
      generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'pem', type: 'pkcs1' }),
      /openssl pkcs8/,
    ],
    [
      'RSA-1024',
      generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ format: 'pem', type: 'pkcs8' }),
      /1024 bits/,
    ],
    [
      'P-384',
      generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ format: 'pem', type: 'pkcs8' }),
      /another kind/,
    ],
    ['half a PEM', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----', /cannot be read/],
    ['a public JWK', generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }), /not a private key/],
    ['a secret JWK', { kty: 'oct', k: 'c2VjcmV0' }, /JWK cannot be read/],
  ])('refuses %s, and does not show it', async (_, key, says) => {
    const refusal = readAgentKey(key as AgentPrivateKey);
    await expect(refusal).rejects.toBeInstanceOf(GatewayTokenError);
    await expect(refusal).rejects.toThrow(says);
    const body = typeof key === 'string' ? key.split('\n')[1] : 'c2VjcmV0';
    if (body) await expect(refusal).rejects.not.toThrow(body);
  });
});

describe('idempotency keys', () => {
  it('are new each time, or made of the content', async () => {
    expect(generateIdempotencyKey()).toMatch(/^idemp_[0-9a-f-]{36}$/);
    expect(generateIdempotencyKey()).not.toBe(generateIdempotencyKey());
    const key = await contentIdempotencyKey({ tool: 't', action: 'a', params: { x: 1, y: { b: [1, 2], a: 'é' } } });
    expect(key).toMatch(/^idemp_[0-9a-f]{64}$/);
    expect(await contentIdempotencyKey({ action: 'a', tool: 't', params: { y: { a: 'é', b: [1, 2] }, x: 1 } })).toBe(
      key,
    );
    for (const params of [{ x: 1, y: { b: [2, 1], a: 'é' } }, { x: '1', y: { b: [1, 2], a: 'é' } }, {}]) {
      expect(await contentIdempotencyKey({ tool: 't', action: 'a', params })).not.toBe(key);
    }
  });
});
