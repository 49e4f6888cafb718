/**
 * An agent for the examples. AGENT_ID and AGENT_PRIVATE_KEY name one that is there; without them one is made, with a policy of
 * policies/, which a gateway without authentication lets anybody do (npm start). Elsewhere ADMIN_TOKEN is sent for that.
 */
import { readFile } from 'node:fs/promises';
import { generateAgentKey, ToolGatewayClient } from '@arp-jarvis/client';

export const GATEWAY_URL = process.env.GATEWAY_URL ?? 'http://127.0.0.1:8090';

/**
 * @param {string} name of the policy file, without its end; the agent has the role of that name
 * @returns {Promise<ToolGatewayClient>} a client with the agent's key, to be closed
 */
export async function connectAgent(name) {
  const { AGENT_ID: agentId, AGENT_PRIVATE_KEY: agentPrivateKey } = process.env;
  const { policy, ...agent } =
    agentId === undefined || agentPrivateKey === undefined ? await makeAgent(name) : { agentId, agentPrivateKey };
  const defaultIntent = policy?.spec.intent;
  return new ToolGatewayClient({
    baseUrl: GATEWAY_URL,
    ...agent,
    ...(defaultIntent === undefined ? {} : { defaultIntent }),
  });
}

async function makeAgent(name) {
  const { privateKeyPem, publicKeyPem } = await generateAgentKey();
  const { agent_id: agentId } = await manage('/api/create-agent', {
    name: `example ${name}`,
    created_by: 'examples',
    role: name,
    public_key: publicKeyPem,
  });
  const policy = JSON.parse(await readFile(new URL(`policies/${name}.json`, import.meta.url), 'utf8'));
  // The policies keep office hours; the examples run at any hour.
  delete policy.spec.schedule;
  delete policy.spec.guards?.timeWindow;
  await manage('/api/policies', { ...policy, agentId });
  return { agentId, agentPrivateKey: privateKeyPem, policy };
}

async function manage(path, body) {
  const { ADMIN_TOKEN: token } = process.env;
  const response = await fetch(`${GATEWAY_URL}${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${path}: ${answer.error}`);
  return answer;
}
