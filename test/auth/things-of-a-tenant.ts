import { generateKeyPairSync } from 'node:crypto';
import { NodeRunList, Run } from '#contract';
import { call, conforming } from '../e2e/http.js';
import type { Answer } from '../e2e/http.js';
import { registerAgent, tokenOf } from '../tool-gateway/identity-gateway.js';
import type { Ids } from './foreign-answers.js';

/** Where something of a tenant is made. */
export interface Places {
  readonly gateway: string;
  readonly toolGateway: string;
}
/** Headers of somebody of the tenant who may do everything in it, at the service of an audience. */
export type Authorization = (audience: string) => Record<string, string>;

/** A run that waits for an approval, and an agent that has called a tool. */
export interface ThingsOfATenant {
  readonly ids: Ids;
  /** By operationId: bodies that name them. */
  readonly bodies: Readonly<Record<string, object>>;
  /** As they are now, for comparing. */
  look(): Promise<unknown>;
}

const ECHO = { node_type_id: 'jarvis.core.echo', version: '0.1.0' };
const PERMITTED = { tools: ['serpapi'], permissions: ['read'] };
const SEARCH = { tool: 'serpapi', action: 'search', params: { q: 'x' } };
const SPEC = { scopes: ['serpapi:search'] };

export async function thingsOf({ gateway, toolGateway }: Places, as: Authorization): Promise<ThingsOfATenant> {
  const started = await startWaitingRun(gateway, as('arp-run-gateway'));
  const tools = await callTool(toolGateway, as('arp-tool-gateway'));
  return {
    ids: { ...started.ids, ...tools.ids, '{artifact_id}': `sha256:${'0'.repeat(64)}` },
    bodies: { ...started.bodies, ...tools.bodies },
    look: async () => [await started.look(), await tools.look()],
  };
}

async function startWaitingRun(gateway: string, headers: Record<string, string>): Promise<ThingsOfATenant> {
  const constraints = { gates: { require_approval: true } };
  const start = { run_id: 'run-of-acme', root_node_type_ref: ECHO, input: { secret: 'of acme' }, constraints };
  const run = conforming(Run, await call('POST', `${gateway}/v1/runs`, start, headers));
  const nodeRunId = run.root_node_run_id;
  const approvalId = nodeRunId.replace('node_run_', 'approval_');
  const get = (path: string) => call('GET', `${gateway}/v1/${path}`, undefined, headers);
  for (let left = 200; (await get(`approvals/${approvalId}`)).status !== 200; left -= 1) {
    if (left === 0) throw new Error('the run does not wait for an approval');
    await new Promise((settle) => setTimeout(settle, 50));
  }
  return {
    ids: { '{run_id}': run.run_id, '{node_run_id}': nodeRunId, '{approval_id}': approvalId },
    bodies: {
      start_run: start,
      create_node_runs: {
        run_id: run.run_id,
        parent_node_run_id: nodeRunId,
        node_runs: [{ node_type_ref: ECHO, inputs: {} }],
      },
      approve_approval: { comment: 'mine' },
      deny_approval: {},
      report_node_run_evaluation: { evaluation_result: { status: 'success' } },
      complete_node_run: { state: 'succeeded', outputs: {} },
    },
    look: async () => conforming(NodeRunList, await get(`runs/${run.run_id}/node-runs`)),
  };
}

async function callTool(gateway: string, headers: Record<string, string>): Promise<ThingsOfATenant> {
  const ask = async <T>(method: string, path: string, body?: object, own = headers): Promise<T> =>
    made(await call<T>(method, `${gateway}${path}`, body, own));
  const agent = await registerAgent(gateway, headers);
  const { agentId, keyId } = agent;
  const asked = { name: 'of acme', agentId, spec: SPEC };
  const policy = await ask<{ id: string }>('POST', '/api/policies', asked);
  const credential = await ask<{ id: string }>('POST', '/api/admin/creds/rotate', {
    tool: 'serpapi',
    credential: 'secret of acme',
  });
  const { agent_token, token_id } = await tokenOf(gateway, agent, PERMITTED, { claims: PERMITTED });
  const ofAgent = { authorization: `Bearer ${agent_token}` };
  await ask('POST', '/api/proxy-request', SEARCH, ofAgent);
  const { job_id } = await ask<{ job_id: string }>('POST', '/api/proxy-request', { ...SEARCH, async: true }, ofAgent);
  const public_key = generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' });
  return {
    ids: {
      '{agent_id}': agentId,
      '{key_id}': keyId,
      '{token_id}': token_id,
      '{policy_id}': policy.id,
      '{id}': credential.id,
      '{tool}': 'serpapi',
      '{job_id}': job_id,
    },
    bodies: {
      update_agent: { status: 'inactive' },
      add_agent_key: { public_key },
      generate_agent_token: { agent_id: agentId, ...PERMITTED },
      create_tool_policy: asked,
      update_tool_policy: { active: false },
      activate_credential: { id: credential.id },
      call_tool: SEARCH,
    },
    look: () =>
      Promise.all([
        ask('GET', `/api/agents/${agentId}`),
        ask('GET', `/api/tokens/${agentId}`),
        ask('GET', `/api/policies/merged/${agentId}`),
        ask('GET', `/api/admin/creds/serpapi`),
        ask<{ logs: { id: string }[] }>('GET', `/api/proxy/logs`).then(({ logs }) => logs.map(({ id }) => id)),
      ]),
  };
}

function made<T>({ status, body }: Answer<T>): T {
  if (status >= 300) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
}
