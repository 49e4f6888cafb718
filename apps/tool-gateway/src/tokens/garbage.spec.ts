import fc from 'fast-check';
import { generateKeyPairSync } from 'node:crypto';
import { AppError } from '#contract';
import { readAgentToken } from './agent-token.js';
import { readAssertion, verifyAssertion } from './assertion.js';
import { readDpopProof } from './dpop-proof.js';

const { publicKey } = generateKeyPairSync('ed25519');
const NOW = new Date('2026-03-15T12:00:00Z');
const REQUEST = { agent_id: 'agent_1', tools: ['http_fetch'], permissions: ['read'] };
const KEY = {
  key_id: 'k',
  algorithm: 'EdDSA',
  public_jwk: publicKey.export({ format: 'jwk' }) as Record<string, unknown>,
};
const DEMAND = { token: 't', jkt: 'A'.repeat(43), now: NOW };

/** Members that a JWT may have, with any JSON in them; and a text that is one by its form. */
const members = (names: readonly string[]) =>
  fc.dictionary(
    fc.constantFrom(...names),
    fc.oneof(fc.jsonValue(), fc.constantFrom('JWT', 'dpop+jwt', 'agent+jwt', 'EdDSA', 'agent_1')),
  );
const encoded = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url');
const text = fc.oneof(
  fc.string(),
  fc
    .tuple(
      members(['alg', 'typ', 'kid', 'jwk', 'crit', 'b64']),
      members(['iss', 'sub', 'aud', 'iat', 'exp', 'jti', 'htm', 'htu', 'ath', 'tools', 'cnf']),
      fc.base64String(),
    )
    .map(([header, claims, signature]) => `${encoded(header)}.${encoded(claims)}.${signature}`),
);

describe('whatever text is sent', () => {
  const isRefused = async (work: () => unknown, code: string) => {
    const error: unknown = await Promise.resolve()
      .then(work)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).code).toBe(code);
  };

  it('as a token, it is refused', async () => {
    await fc.assert(
      fc.asyncProperty(text, (sent) =>
        isRefused(() => readAgentToken(sent, () => Promise.resolve(publicKey), NOW), 'agent_token_invalid'),
      ),
      { numRuns: 500 },
    );
  });

  it('as an assertion, it is refused', async () => {
    const audiences = ['arp-tool-gateway'];
    await fc.assert(
      fc.asyncProperty(text, async (sent) => {
        await isRefused(() => readAssertion(sent, REQUEST, audiences, NOW), 'agent_assertion_invalid');
        await isRefused(() => verifyAssertion(sent, REQUEST, [KEY], NOW), 'agent_assertion_invalid');
      }),
      { numRuns: 500 },
    );
  });

  it('as a proof, it is refused', async () => {
    await fc.assert(
      fc.asyncProperty(text, (sent) =>
        isRefused(
          () => readDpopProof({ proof: sent, method: 'POST', url: 'http://a/b' }, DEMAND),
          'dpop_proof_invalid',
        ),
      ),
      { numRuns: 500 },
    );
  });
});
