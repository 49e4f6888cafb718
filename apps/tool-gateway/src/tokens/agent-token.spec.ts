import { generateKeyPairSync } from 'node:crypto';
import { readAgentToken, signAgentToken } from './agent-token.js';
import type { AgentTokenClaims } from './agent-token.js';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const SIGNER = { keyId: 'K'.repeat(43), privateKey };
const NOW = new Date('2026-03-15T12:00:00Z');
const now = NOW.getTime() / 1_000;
const CLAIMS: AgentTokenClaims = {
  agentId: 'agent_1',
  tools: ['http_fetch'],
  permissions: ['read'],
  intent: 'data_collection',
  issuedAt: now,
  expiresAt: now + 900,
  tokenId: 'token_1',
  dpopJkt: 'A'.repeat(43),
};
const keyOf = (keyId: string) => Promise.resolve(keyId === SIGNER.keyId ? publicKey : undefined);
const read = async (claims: AgentTokenClaims, at = NOW) =>
  readAgentToken(await signAgentToken(claims, SIGNER), keyOf, at);

describe('the JWS of an agent token', () => {
  it('carries what was signed', async () => {
    expect(await read(CLAIMS)).toEqual(CLAIMS);
    const bearer = { ...CLAIMS, intent: undefined, dpopJkt: undefined };
    expect(await read(bearer)).toEqual(bearer);
  });

  it('is good until its last second', async () => {
    expect(await read(CLAIMS, new Date((now + 899) * 1_000))).toEqual(CLAIMS);
    await expect(read(CLAIMS, new Date((now + 900) * 1_000))).rejects.toMatchObject({ code: 'agent_token_expired' });
  });

  it('that lives longer than 24 hours is refused, though we signed it', async () => {
    const longest = { ...CLAIMS, expiresAt: now + 86_400 };
    expect(await read(longest)).toEqual(longest);
    for (const [issuedAt, expiresAt] of [
      [now, now + 86_401],
      [now - 90_000, now + 60],
    ] as const) {
      await expect(read({ ...CLAIMS, issuedAt, expiresAt })).rejects.toMatchObject({ code: 'agent_token_invalid' });
    }
  });
});
