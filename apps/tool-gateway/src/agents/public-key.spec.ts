import { generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { AppError } from '#contract';
import { readPublicKey } from './public-key.js';

const pem = (key: KeyObject) => key.export({ format: 'pem', type: 'spki' }) as string;
const jwk = (key: KeyObject) => key.export({ format: 'jwk' }) as Record<string, unknown>;
const PAIRS = {
  ed25519: generateKeyPairSync('ed25519'),
  p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  rsa: generateKeyPairSync('rsa', { modulusLength: 2_048 }),
};

describe('the public half of a key', () => {
  it.each([
    ['ed25519', 'EdDSA', ['crv', 'kty', 'x']],
    ['p256', 'ES256', ['crv', 'kty', 'x', 'y']],
    ['rsa', 'RS256', ['e', 'kty', 'n']],
  ] as const)('%s is taken as PEM and as JWK, which are the same key', async (name, algorithm, members) => {
    const { publicKey } = PAIRS[name];
    const fromPem = await readPublicKey({ public_key: `\n${pem(publicKey)}\n` });
    expect(fromPem.algorithm).toBe(algorithm);
    expect(Object.keys(fromPem.jwk).sort()).toEqual(members);
    expect(fromPem.keyId).toBe(await calculateJwkThumbprint(jwk(publicKey)));
    const more = { ...jwk(publicKey), kid: 'mine', use: 'sig', x5u: 'https://evil.example' };
    expect(await readPublicKey({ public_jwk: more })).toEqual(fromPem);
    expect(await readPublicKey({ public_key: pem(publicKey).replaceAll('\n', '\r\n') })).toEqual(fromPem);
  });

  const { privateKey } = PAIRS.ed25519;
  const rsaPrivate = PAIRS.rsa.privateKey;
  it.each([
    ['PKCS #8', { public_key: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string }],
    ['PKCS #1', { public_key: rsaPrivate.export({ format: 'pem', type: 'pkcs1' }) as string }],
    ['SEC 1', { public_key: PAIRS.p256.privateKey.export({ format: 'pem', type: 'sec1' }) as string }],
    [
      'a public PEM and then a private one',
      {
        public_key: `${pem(PAIRS.rsa.publicKey)}${rsaPrivate.export({ format: 'pem', type: 'pkcs8' }) as string}`,
      },
    ],
    ['a private JWK', { public_jwk: jwk(privateKey) }],
    ['a private RSA JWK', { public_jwk: jwk(rsaPrivate) }],
    ['a symmetric JWK', { public_jwk: { kty: 'oct', k: 'c2VjcmV0LXNlY3JldC1zZWNyZXQ' } }],
    ['a private JWK beside a PEM', { public_key: pem(PAIRS.rsa.publicKey), public_jwk: jwk(privateKey) }],
  ])('must not be private: %s is refused, said so, and not repeated', async (_name, sent) => {
    const error = await readPublicKey(sent).catch((thrown: unknown) => thrown as AppError);
    expect(error).toBeInstanceOf(AppError);
    const said = JSON.stringify([(error as AppError).message, (error as AppError).details]);
    expect(said).toContain('must never leave the agent');
    const lines = JSON.stringify(sent).match(/[A-Za-z0-9+/_-]{20,}/g) ?? [];
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(said).not.toContain(line);
  });

  it.each([
    ['nothing', {}],
    ['an empty PEM', { public_key: '' }],
    ['both', { public_key: pem(PAIRS.rsa.publicKey), public_jwk: jwk(PAIRS.rsa.publicKey) }],
    ['two PEMs', { public_key: `${pem(PAIRS.rsa.publicKey)}${pem(PAIRS.ed25519.publicKey)}` }],
    ['a broken PEM', { public_key: pem(PAIRS.rsa.publicKey).replace('MII', 'XXX') }],
    ['a certificate', { public_key: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' }],
    ['PKCS #1', { public_key: PAIRS.rsa.publicKey.export({ format: 'pem', type: 'pkcs1' }) as string }],
    ['RSA of 1024 bits', { public_key: pem(generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey) }],
    [
      'RSA with the exponent 3',
      { public_key: pem(generateKeyPairSync('rsa', { modulusLength: 2_048, publicExponent: 3 }).publicKey) },
    ],
    ['RSA-PSS', { public_key: pem(generateKeyPairSync('rsa-pss', { modulusLength: 2_048 }).publicKey) }],
    ['P-384', { public_key: pem(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey) }],
    ['secp256k1', { public_key: pem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey) }],
    ['X25519', { public_key: pem(generateKeyPairSync('x25519').publicKey) }],
    ['Ed448', { public_key: pem(generateKeyPairSync('ed448').publicKey) }],
    ['a point that is not on the curve', { public_jwk: { ...jwk(PAIRS.p256.publicKey), y: 'A'.repeat(43) } }],
    ['a JWK of a strange kind', { public_jwk: { kty: 'EC', crv: 7 } }],
    ['an empty JWK', { public_jwk: {} }],
  ])('of another kind is refused: %s', async (_name, sent) => {
    await expect(readPublicKey(sent)).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringMatching(/^public_(key|jwk) /),
    });
  });
});
