import { generateKeyPairSync } from 'node:crypto';
import { call } from '../e2e/http.js';

/** An agent with a key, a policy and credentials, made through the gateway's own routes. */
export interface PreparedAgent {
  readonly id: string;
  /** PKCS #8 PEM. */
  readonly privateKey: string;
}

export interface AgentWishes {
  readonly scopes: readonly string[];
  /** Beside the scopes. */
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly role?: string;
}

/**
 * Prepares an agent at a gateway that does not ask who manages it.
 *
 * @throws Error when one of the steps is refused
 */
export async function prepareAgent(
  gateway: string,
  { scopes, spec = {}, role = 'tester' }: AgentWishes,
): Promise<PreparedAgent> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const agent = await post<{ agent_id: string }>(`${gateway}/api/create-agent`, {
    name: 'prepared',
    created_by: 'tests',
    role,
    public_key: publicKey,
  });
  await post(`${gateway}/api/policies`, { name: 'prepared', agentId: agent.agent_id, spec: { scopes, ...spec } });
  return { id: agent.agent_id, privateKey };
}

async function post<T extends object>(url: string, body: object): Promise<T> {
  const answer = await call<T>('POST', url, body);
  if (answer.status >= 300) throw new Error(`${url} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}
