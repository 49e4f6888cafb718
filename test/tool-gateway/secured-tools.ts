import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateAgentKey, ToolGatewayClient } from '@arp-jarvis/client';
import { ARP_DEV_USERS, freePort, startIdentityProvider } from '#testing';
import type { TestDatabase } from '#testing';
import type { Realm } from '../auth/secured-suite.js';
import { RestartableService } from '../chaos/restartable-service.js';
import { CleanUp } from '../e2e/coordinators.js';
import { call } from '../e2e/http.js';
import { writeCourierPack } from './courier-pack.js';

const SERVICES = ['atomic-executor', 'coordinator', 'gateway', 'tool-gateway'] as const;
type Service = (typeof SERVICES)[number];

const CLIENTS: Readonly<Record<Service, string>> = {
  'atomic-executor': 'arp-atomic-executor',
  coordinator: 'arp-run-coordinator',
  gateway: 'arp-run-gateway',
  'tool-gateway': 'arp-tool-gateway',
};

/** A realm whose people get tokens for the tool gateway too. */
export interface ToolRealm extends Realm {
  /** The access token of a person: for the gateway and the tool gateway. */
  toolToken(user: string): Promise<string>;
  close(): Promise<void>;
}

/** The four services as processes of the built code, behind an identity provider, each with its own client and its own guard. */
export interface SecuredTools {
  readonly services: Readonly<Record<Service, RestartableService>>;
  readonly realm: ToolRealm;
  readonly database: TestDatabase;
  readonly upstream: Upstream;
  /** Everything that the services have logged. */
  logged(): string;
  /** Headers of a person, for the gateway and the tool gateway. */
  as(user: string): Promise<{ readonly authorization: string }>;
  /** Somebody asks the tool gateway. */
  manage<T>(user: string, method: string, path: string, body?: object): Promise<T>;
  /** An agent that somebody has registered, with a policy of these scopes and a key of its own. */
  agent(user: string, scopes: readonly string[]): Promise<ToolGatewayClient>;
  stop(): Promise<void>;
}

/** The realm arp-dev as an identity provider in this process plays it, and `gus`, who manages the tools of globex. */
export async function playedRealm(): Promise<ToolRealm> {
  const users = { ...ARP_DEV_USERS, gus: { tenant: 'globex', roles: ['arp-tool-admin'] } };
  const provider = await startIdentityProvider({ users });
  return {
    issuer: provider.issuer,
    userToken: (user) => provider.userToken(user),
    toolToken: (user) => provider.userToken(user, 'arp-dev-cli', ['arp-tool-gateway']),
    subject: async (user) => provider.subject(user),
    secretOf: (client) => `${client}-secret`,
    close: () => provider.close(),
  };
}

/** @param mode who answers what nodes call: imitations, or what listens */
export async function startSecuredTools(
  mode: 'mock' | 'live',
  provideRealm: () => Promise<ToolRealm>,
): Promise<SecuredTools> {
  const cleanUp = new CleanUp();
  try {
    const realm = cleanUp.add(await provideRealm(), (one) => one.close());
    const parts = await startServices(cleanUp, mode, realm);
    const as = async (user: string) => ({ authorization: `Bearer ${await realm.toolToken(user)}` });
    const baseUrl = parts.services['tool-gateway'].url;
    const manage = async <T>(user: string, method: string, path: string, body?: object): Promise<T> => {
      const answer = await call<T>(method, baseUrl + path, body, await as(user));
      if (answer.status < 300) return answer.body;
      throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
    };
    return {
      ...parts,
      realm,
      as,
      manage,
      agent: async (user, scopes) => {
        const { privateKeyPem, publicKeyPem } = await generateAgentKey();
        const asked = { name: 'scout', role: 'scraper', public_key: publicKeyPem };
        const { agent_id: agentId } = await manage<{ agent_id: string }>(user, 'POST', '/api/create-agent', asked);
        await manage(user, 'POST', '/api/policies', { name: 'scout', agentId, spec: { scopes } });
        const options = { baseUrl, agentId, agentPrivateKey: privateKeyPem, timeoutMs: 30_000 };
        return cleanUp.add(new ToolGatewayClient(options), (client) => client.close());
      },
      stop: () => cleanUp.run(),
    };
  } catch (error) {
    await cleanUp.run().catch(() => undefined);
    throw error;
  }
}

type Parts = Pick<SecuredTools, 'services' | 'database' | 'upstream' | 'logged'>;

async function startServices(cleanUp: CleanUp, mode: 'mock' | 'live', { issuer }: Realm): Promise<Parts> {
  const database = await cleanUp.database();
  const upstream = cleanUp.add(await startUpstream(), (one) => one.stop());
  const folder = await mkdtemp(join(tmpdir(), 'arp-secured-tools-'));
  cleanUp.add(folder, (path) => rm(path, { recursive: true, force: true }));
  // The executor opens packs of strangers for those who may read them all.
  await chmod(folder, 0o755);
  await writeCourierPack(join(folder, 'courier'));
  const ports = await Promise.all(SERVICES.map(() => freePort()));
  const [executorUrl = '', coordinatorUrl = '', , toolGatewayUrl = ''] = ports.map(
    (port) => `http://127.0.0.1:${port}`,
  );
  const toExecutor = {
    JARVIS_ATOMIC_EXECUTOR_URL: executorUrl,
    JARVIS_ATOMIC_EXECUTOR_AUDIENCE: 'arp-atomic-executor',
  };
  const own: Readonly<Record<Service, Readonly<Record<string, string>>>> = {
    'atomic-executor': {
      // An executor that is called enterprise refuses to imitate.
      ...(mode === 'mock' ? { ARP_AUTH_PROFILE: '', ARP_AUTH_MODE: 'required', UPSTREAM_MODE: 'mock' } : {}),
      JARVIS_TOOL_GATEWAY_URL: toolGatewayUrl,
      JARVIS_NODEPACK_PATHS: folder,
      JARVIS_NODEPACK_STRICT: 'true',
      JARVIS_ARTIFACTS_DIR: join(folder, 'artifacts'),
      JARVIS_EGRESS_ALLOW_PRIVATE: '127.0.0.0/8',
    },
    coordinator: { DATABASE_URL: database.url, JARVIS_POLICY_PROFILE: 'dev-allow', ...toExecutor },
    gateway: { ARP_RUN_COORDINATOR_URL: coordinatorUrl },
    'tool-gateway': {
      DATABASE_URL: database.url,
      JARVIS_TOOL_ENCRYPTION_KEYS: `test:${randomBytes(32).toString('base64')}`,
      ARP_RUN_COORDINATOR_URL: coordinatorUrl,
      ...toExecutor,
    },
  };
  const services = Object.fromEntries(
    SERVICES.map((name, at) => {
      const env = { ...secured(issuer, CLIENTS[name]), ...own[name] };
      const service = new RestartableService(`dist/apps/${name}/src/main.js`, ports[at] ?? 0, env);
      return [name, cleanUp.add(service, (one) => one.stop())];
    }),
  ) as Record<Service, RestartableService>;
  for (const name of SERVICES) await services[name].start();
  return { services, database, upstream, logged: () => SERVICES.map((name) => services[name].output).join('\n') };
}

function secured(issuer: string, client: string): Readonly<Record<string, string>> {
  return {
    LOG_LEVEL: 'trace',
    LOG_FORMAT: 'json',
    ARP_AUTH_PROFILE: 'enterprise',
    ARP_AUTH_ISSUER: issuer,
    ARP_AUTH_AUDIENCE: client,
    ARP_AUTH_CLIENT_ID: client,
    ARP_AUTH_CLIENT_SECRET: `${client}-secret`,
    // The gateway exchanges tokens, for the audience that it names. The others ask for one audience a token.
    ...(client === 'arp-run-gateway' ? {} : { ARP_AUTH_SCOPE: 'aud-{audience}' }),
  };
}

/** A service on loopback that keeps what it is sent as `Authorization`, by path. */
interface Upstream {
  readonly url: string;
  readonly sent: ReadonlyMap<string, string>;
  stop(): Promise<void>;
}

async function startUpstream(): Promise<Upstream> {
  const sent = new Map<string, string>();
  const server = createServer(({ url = '', headers }, response) => {
    const { authorization = '' } = headers;
    sent.set(url, authorization);
    // As some services do that quote the key.
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ you_sent: authorization }));
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent,
    stop: async () => {
      const closed = new Promise((settle) => server.close(settle));
      server.closeAllConnections();
      await closed;
    },
  };
}
