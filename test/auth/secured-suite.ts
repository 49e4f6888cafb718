import { readSettings } from '#config';
import { listen } from '#http';
import type { ServiceApp } from '#http';
import { freePort, startProcess, startScriptedCompositeExecutor, untilServing } from '#testing';
import type { ScriptedCompositeExecutor } from '#testing';
import { createAtomicExecutor } from '../../apps/atomic-executor/src/atomic-executor.app.js';
import { atomicExecutorSettings } from '../../apps/atomic-executor/src/atomic-executor.config.js';
import { createCoordinator, provideCoordinatorDatabase } from '../../apps/coordinator/src/coordinator.app.js';
import { coordinatorSettings } from '../../apps/coordinator/src/coordinator.config.js';
import { createGateway } from '../../apps/gateway/src/gateway.app.js';
import { gatewaySettings } from '../../apps/gateway/src/gateway.config.js';
import { CleanUp } from '../e2e/coordinators.js';

/** An identity provider with the realm `arp-dev`: people alice, bob, carol, dave, olivia, admin, and a client for each service. */
export interface Realm {
  readonly issuer: string;
  /** The access token of a person who logged in with `arp-dev-cli`: for the gateway. */
  userToken(user: string): Promise<string>;
  /** `sub` of the person. */
  subject(user: string): Promise<string>;
  /** Secret of a confidential client. */
  secretOf(client: string): string;
}

/** The three services, each behind its own guard, calling each other over HTTP with tokens of the realm. */
export interface SecuredSuite {
  readonly gateway: string;
  readonly coordinator: string;
  readonly executor: string;
  readonly composite: ScriptedCompositeExecutor;
  /** Everything that the services have logged; undefined where they log nothing. */
  readonly logged: (() => string) | undefined;
  stop(): Promise<void>;
}

type Environment = Readonly<Record<string, string>>;
type App = 'gateway' | 'coordinator' | 'atomic-executor';
type Start = (app: App, port: number, env: Environment) => Promise<void>;

/** Each service from its sources, in this process. */
export function securedInOneProcess(realm: Realm): Promise<SecuredSuite> {
  const steps = new CleanUp();
  const start: Start = async (app, port, env) => {
    const at = { host: '127.0.0.1', port, portSetting: 'the test' };
    const serve = async (service: ServiceApp) => {
      steps.add(service, () => service.stop());
      await listen(service, at);
    };
    if (app === 'gateway') return serve(await createGateway(readSettings(gatewaySettings, env)));
    if (app === 'atomic-executor') return serve(await createAtomicExecutor(readSettings(atomicExecutorSettings, env)));
    const settings = readSettings(coordinatorSettings, env);
    const database = await provideCoordinatorDatabase(settings, () => undefined);
    steps.add(database, () => database.release());
    return serve(await createCoordinator(settings, database));
  };
  return secured(realm, steps, start, undefined);
}

/** Each service as a process of the built code. */
export function securedAsProcesses(realm: Realm): Promise<SecuredSuite> {
  const steps = new CleanUp();
  const outputs: (() => string)[] = [];
  const start: Start = async (app, port, env) => {
    const service = startProcess([`dist/apps/${app}/src/main.js`, '--port', String(port)], env);
    steps.add(service, () => service.stop());
    outputs.push(() => service.output());
    await untilServing(service, urlOf(port));
  };
  return secured(realm, steps, start, () => outputs.map((output) => output()).join('\n'));
}

async function secured(
  realm: Realm,
  steps: CleanUp,
  start: Start,
  logged: SecuredSuite['logged'],
): Promise<SecuredSuite> {
  try {
    const database = await steps.database();
    const composite = steps.add(await startScriptedCompositeExecutor(), (one) => one.close());
    const [gateway, coordinator, executor] = await Promise.all([freePort(), freePort(), freePort()]);
    const common = (client: string): Environment => ({
      LOG_LEVEL: logged === undefined ? 'silent' : 'debug',
      LOG_FORMAT: 'json',
      ARP_AUTH_PROFILE: 'enterprise',
      ARP_AUTH_ISSUER: realm.issuer,
      ARP_AUTH_AUDIENCE: client,
    });
    const outbound = (client: string): Environment => ({
      ARP_AUTH_CLIENT_ID: client,
      ARP_AUTH_CLIENT_SECRET: realm.secretOf(client),
    });
    await start('atomic-executor', executor, common('arp-atomic-executor'));
    await start('coordinator', coordinator, {
      ...common('arp-run-coordinator'),
      ...outbound('arp-run-coordinator'),
      DATABASE_URL: database.url,
      // A token for one service only: another could use it there.
      ARP_AUTH_SCOPE: 'aud-{audience}',
      JARVIS_POLICY_PROFILE: 'dev-allow',
      JARVIS_ATOMIC_EXECUTOR_URL: urlOf(executor),
      JARVIS_ATOMIC_EXECUTOR_AUDIENCE: 'arp-atomic-executor',
      JARVIS_COMPOSITE_EXECUTOR_URL: composite.url,
      JARVIS_COMPOSITE_EXECUTOR_AUDIENCE: 'arp-composite-executor',
      JARVIS_RUN_COORDINATOR_PUBLIC_URL: urlOf(coordinator),
    });
    await start('gateway', gateway, {
      ...common('arp-run-gateway'),
      ...outbound('arp-run-gateway'),
      ARP_RUN_COORDINATOR_URL: urlOf(coordinator),
    });
    return {
      gateway: urlOf(gateway),
      coordinator: urlOf(coordinator),
      executor: urlOf(executor),
      composite,
      logged,
      stop: () => steps.run(),
    };
  } catch (error) {
    await steps.run();
    throw error;
  }
}

function urlOf(port: number): string {
  return `http://127.0.0.1:${port}`;
}

/** Asks the token endpoint of the realm as one of its clients. */
async function tokenOf(realm: Realm, client: string, form: Environment): Promise<string> {
  const response = await fetch(`${realm.issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from(`${client}:${realm.secretOf(client)}`).toString('base64')}`,
    },
    body: new URLSearchParams(form),
  });
  const body = (await response.json()) as { readonly access_token?: string };
  if (body.access_token === undefined) throw new Error(`${client} got no token: ${JSON.stringify(body)}`);
  return body.access_token;
}

/** A service's own token (client credentials), for an audience that it has to ask for where it has several. */
export function serviceToken(realm: Realm, client: string, audience?: string): Promise<string> {
  const scope: Environment = audience === undefined ? {} : { scope: `aud-${audience}` };
  return tokenOf(realm, client, { grant_type: 'client_credentials', ...scope });
}

/** The token that the gateway gets for the coordinator in exchange for a person's (RFC 8693). */
export function exchangedToken(realm: Realm, token: string): Promise<string> {
  return tokenOf(realm, 'arp-run-gateway', {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    audience: 'arp-run-coordinator',
  });
}
