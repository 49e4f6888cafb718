import { createHash, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, SignJWT } from 'jose';
import type { JWK, JWTPayload } from 'jose';
import { readSettings } from '#config';
import type { AtomicExecutorApi } from '#contract';
import { listen } from '#http';
import { createTestDatabase, startTokenIssuer } from '#testing';
import type { TestDatabase, TokenIssuer } from '#testing';
import { createToolGateway, provideToolGatewayDatabase } from '../../apps/tool-gateway/src/tool-gateway.app.js';
import { toolGatewaySettings } from '../../apps/tool-gateway/src/tool-gateway.config.js';
import { call } from '../e2e/http.js';
import type { Answer } from '../e2e/http.js';

/** The master key of gateways that are given no other. */
export const MASTER_KEYS = `test:${randomBytes(32).toString('base64')}`;

/** A tool gateway in this process. */
export interface StartedToolGateway {
  readonly url: string;
  /** A service of it, for looking behind the routes. */
  service<T>(type: new (...parameters: never[]) => T): T;
  stop(): Promise<void>;
}

/** Nothing here calls a tool. */
const NO_EXECUTOR = {
  listNodeTypes: () => Promise.resolve([]),
  ping: () => Promise.resolve(),
} as unknown as AtomicExecutorApi;

export async function startToolGateway(
  database: TestDatabase,
  env: Readonly<Record<string, string>> = {},
): Promise<StartedToolGateway> {
  const settings = readSettings(toolGatewaySettings, {
    ARP_AUTH_PROFILE: 'dev-insecure',
    LOG_LEVEL: 'silent',
    DATABASE_URL: database.url,
    JARVIS_TOOL_ENCRYPTION_KEYS: MASTER_KEYS,
    ...env,
  });
  const provided = await provideToolGatewayDatabase(settings, () => undefined);
  const release = (error: unknown) => provided.release().then(() => Promise.reject(error as Error));
  const gateway = await createToolGateway(settings, provided, { executor: NO_EXECUTOR }).catch(release);
  const stop = async () => {
    await gateway.stop();
    await provided.release();
  };
  try {
    const url = await listen(gateway, { host: '127.0.0.1', port: 0, portSetting: 'none' });
    return { url, service: (type) => gateway.app.get(type, { strict: false }), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A tool gateway that asks for tokens, with an issuer and a database of its own. */
export interface GuardedToolGateway extends StartedToolGateway {
  readonly issuer: TokenIssuer;
  readonly database: TestDatabase;
}

/** Stopping it ends the issuer and the database too. */
export async function startGuardedToolGateway(): Promise<GuardedToolGateway> {
  const issuer = await startTokenIssuer();
  const database = await createTestDatabase();
  const gateway = await startToolGateway(database, {
    ARP_AUTH_PROFILE: '',
    ARP_AUTH_MODE: 'required',
    ARP_AUTH_ISSUER: issuer.issuer,
  });
  const stop = async () => {
    await gateway.stop();
    await database.drop();
    await issuer.close();
  };
  return { ...gateway, issuer, database, stop };
}

/** An agent that is registered, and the key that it made. */
export interface RegisteredAgent {
  readonly agentId: string;
  readonly keyId: string;
  readonly pem: string;
  readonly privateKey: KeyObject;
}

/** @param headers of whoever registers it */
export async function registerAgent(
  gateway: string,
  headers: Record<string, string> = {},
  pair: { readonly publicKey: KeyObject; readonly privateKey: KeyObject } = generateKeyPairSync('ed25519'),
): Promise<RegisteredAgent> {
  const pem = pair.publicKey.export({ format: 'pem', type: 'spki' }) as string;
  const body = { name: 'scout', role: 'scraper', created_by: 'the tests', public_key: pem };
  const answer = await call<{ agent_id: string; key_id: string }>('POST', `${gateway}/api/create-agent`, body, headers);
  if (answer.status !== 201) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  const { agent_id: agentId, key_id: keyId } = answer.body;
  return { agentId, keyId, pem, privateKey: pair.privateKey };
}

/** What an assertion may differ in; a claim that is undefined is left out. */
export interface AssertionFlaws {
  readonly claims?: Record<string, unknown>;
  readonly header?: Record<string, unknown>;
  readonly key?: KeyObject | Uint8Array;
}

export const ASKED = { tools: ['http_fetch'], permissions: ['read'] };

export function assertionOf(agent: RegisteredAgent, { claims, header, key }: AssertionFlaws = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  const payload: JWTPayload = {
    iss: agent.agentId,
    sub: agent.agentId,
    aud: 'arp-tool-gateway',
    iat: now,
    exp: now + 60,
    jti: randomUUID(),
    ...ASKED,
    ...claims,
  };
  return new SignJWT(payload)
    .setProtectedHeader({ alg: 'EdDSA', typ: 'agent-assertion+jwt', ...header })
    .sign(key ?? agent.privateKey);
}

/** What is answered to whoever asks for a token. */
export interface TokenAnswer {
  readonly agent_token: string;
  readonly token_id: string;
  readonly expires_at: string;
  readonly agent_name: string;
}

/** An error of the routes that agents use. */
export interface FlatError {
  readonly error: string;
  readonly code: string;
  readonly correlation_id: string;
}

export async function askForToken(
  gateway: string,
  agent: RegisteredAgent,
  more: Record<string, unknown> = {},
  flaws: AssertionFlaws = {},
): Promise<Answer<TokenAnswer & FlatError>> {
  const body = { agent_id: agent.agentId, ...ASKED, assertion: await assertionOf(agent, flaws), ...more };
  return call('POST', `${gateway}/api/generate-token`, body);
}

export async function tokenOf(
  gateway: string,
  agent: RegisteredAgent,
  more: Record<string, unknown> = {},
  flaws: AssertionFlaws = {},
): Promise<TokenAnswer> {
  const answer = await askForToken(gateway, agent, more, flaws);
  if (answer.status !== 201) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** A key that DPoP proofs are signed with. */
export interface ProofKey {
  readonly jwk: JWK;
  readonly jkt: string;
  readonly privateKey: KeyObject;
}

export async function makeProofKey(): Promise<ProofKey> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = publicKey.export({ format: 'jwk' }) as JWK;
  return { jwk, jkt: await calculateJwkThumbprint(jwk), privateKey };
}

/** A DPoP proof, with any flaw. */
export function proofOf(
  { jwk, privateKey }: ProofKey,
  claims: Record<string, unknown>,
  header: Record<string, unknown> = {},
  key: KeyObject | Uint8Array = privateKey,
): Promise<string> {
  return new SignJWT({ iat: Math.floor(Date.now() / 1_000), jti: randomUUID(), ...claims })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk, ...header })
    .sign(key);
}

export function athOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
