import { randomBytes } from 'node:crypto';
import { readSettings } from '#config';
import type { AtomicExecutorApi, RunsApi } from '#contract';
import { listen } from '#http';
import type { TestDatabase } from '#testing';
import { createAtomicExecutor } from '../../apps/atomic-executor/src/atomic-executor.app.js';
import { atomicExecutorSettings } from '../../apps/atomic-executor/src/atomic-executor.config.js';
import { createCoordinator, provideCoordinatorDatabase } from '../../apps/coordinator/src/coordinator.app.js';
import { coordinatorSettings } from '../../apps/coordinator/src/coordinator.config.js';
import { createToolGateway, provideToolGatewayDatabase } from '../../apps/tool-gateway/src/tool-gateway.app.js';
import { toolGatewaySettings } from '../../apps/tool-gateway/src/tool-gateway.config.js';
import { CleanUp } from '../e2e/coordinators.js';
import { call } from '../e2e/http.js';
import type { Answer } from '../e2e/http.js';
import { CountingUpstream } from './counting-upstream.js';
import { prepareAgent } from './prepared-agent.js';
import type { AgentWishes } from './prepared-agent.js';
import { upstreamNodes } from './upstream-nodes.js';

const DEVELOPMENT = { ARP_AUTH_PROFILE: 'dev-insecure', JARVIS_POLICY_PROFILE: 'dev-allow', LOG_LEVEL: 'silent' };
const KEYS = `test:${randomBytes(32).toString('base64')}`;
const SCOPES = [
  ...['read', 'put', 'send', 'slow'].map((action) => `test.up:${action}`),
  ...['test.other:read', 'test.fails:with', 'test.fails:idempotently'],
];
const TOOLS = ['test.up', 'test.other', 'test.fails'];

/** An error below `/api`. */
export interface FlatError {
  readonly error: string;
  readonly code: string;
  readonly reason?: string;
  readonly details?: Record<string, unknown>;
  readonly correlation_id: string;
}

/** An agent with a token for everything that the suite offers, and a policy that allows it. */
export interface CallingAgent {
  readonly id: string;
  readonly token: string;
}

/** A call, as tests write it. */
export interface ToolCall {
  readonly action?: string;
  readonly tool?: string;
  readonly params?: Record<string, unknown>;
  readonly rest?: Record<string, unknown>;
  readonly headers?: Record<string, string>;
}

/** A coordinator, an atomic executor and tool gateways in this process, on one database, with an upstream that counts. */
export class ToolSuite {
  readonly upstream = new CountingUpstream();
  private readonly cleanUp = new CleanUp();
  database!: TestDatabase;
  executor!: AtomicExecutorApi;
  runs!: RunsApi;

  async start(): Promise<void> {
    this.database = await this.cleanUp.database();
    await this.upstream.start();
    this.cleanUp.add(this.upstream, (upstream) => upstream.stop());
    const executorSettings = readSettings(atomicExecutorSettings, {
      ...DEVELOPMENT,
      JARVIS_EGRESS_ALLOW_PRIVATE: '127.0.0.0/8',
    });
    const executor = this.cleanUp.add(
      await createAtomicExecutor(executorSettings, { handlers: upstreamNodes() }),
      (service) => service.stop(),
    );
    const settings = readSettings(coordinatorSettings, { ...DEVELOPMENT, DATABASE_URL: this.database.url });
    const provided = this.cleanUp.add(await provideCoordinatorDatabase(settings, () => undefined), (one) =>
      one.release(),
    );
    const coordinator = this.cleanUp.add(
      await createCoordinator(settings, provided, { executor: executor.executor }),
      (service) => service.stop(),
    );
    await listen(coordinator, { host: '127.0.0.1', port: 0, portSetting: 'none' });
    this.executor = executor.executor;
    this.runs = coordinator.runs;
  }

  /** @returns the base URL of a further gateway on the database */
  async gateway(
    env: Readonly<Record<string, string>> = {},
    peers: { readonly executor?: AtomicExecutorApi; readonly runs?: RunsApi | undefined } = {},
  ): Promise<string> {
    const settings = readSettings(toolGatewaySettings, {
      ...DEVELOPMENT,
      DATABASE_URL: this.database.url,
      JARVIS_TOOL_ENCRYPTION_KEYS: KEYS,
      JARVIS_TOOL_LEGACY_MINTING: 'true',
      JARVIS_TOOL_RATE_LIMIT_PER_MINUTE: '100000',
      JARVIS_TOOL_CACHE_SECS: 'test.up:60',
      ...env,
    });
    const provided = this.cleanUp.add(await provideToolGatewayDatabase(settings, () => undefined), (one) =>
      one.release(),
    );
    const service = this.cleanUp.add(
      await createToolGateway(settings, provided, peersOf({ executor: this.executor, runs: this.runs, ...peers })),
      (one) => one.stop(),
    );
    return listen(service, { host: '127.0.0.1', port: 0, portSetting: 'none' });
  }

  /** @returns the base URL of a gateway without a coordinator */
  lonelyGateway(): Promise<string> {
    return this.gateway({}, { runs: undefined });
  }

  stop(): Promise<void> {
    return this.cleanUp.run();
  }

  /** @param wishes what its policy and token differ in */
  async agent(
    gateway: string,
    wishes: Partial<AgentWishes> & { readonly token?: Record<string, unknown> } = {},
  ): Promise<CallingAgent> {
    const { id } = await prepareAgent(gateway, { scopes: SCOPES, ...wishes });
    const body = { agent_id: id, tools: TOOLS, permissions: ['read', 'write'], ...wishes.token };
    const minted = await call<{ agent_token: string }>('POST', `${gateway}/api/generate-token`, body);
    if (minted.status !== 201) throw new Error(`${minted.status} ${JSON.stringify(minted.body)}`);
    return { id, token: minted.body.agent_token };
  }

  /** By default `test.up:read` of the key. */
  call<T = Record<string, never>>(
    gateway: string,
    { token }: Pick<CallingAgent, 'token'>,
    key: string,
    { tool = 'test.up', action = 'read', params = {}, rest = {}, headers = {} }: ToolCall = {},
  ): Promise<Answer<T>> {
    const of = tool === 'test.fails' ? {} : { url: this.upstream.url, key };
    const body = { agent_token: token, tool, action, params: { ...of, ...params }, ...rest };
    return call<T>('POST', `${gateway}/api/proxy-request`, body, headers);
  }
}

function peersOf({ executor, runs }: { readonly executor: AtomicExecutorApi; readonly runs: RunsApi | undefined }) {
  return runs === undefined ? { executor } : { executor, runs };
}

/** The answer's error, checked for status and code. */
export function flatError(answer: Answer, status: number, code: string): FlatError {
  const body = answer.body as FlatError;
  expect({ status: answer.status, code: body.code }).toEqual({ status, code });
  expect(body).toMatchObject({ error: expect.any(String), correlation_id: expect.any(String) });
  expect(body.correlation_id).toBe(answer.headers.get('x-correlation-id'));
  return body;
}
