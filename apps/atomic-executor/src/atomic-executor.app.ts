import { createRequire } from 'node:module';
import { createEgressGuard, mockUpstreamOf, reasonOf } from '@arp-jarvis/node-pack-sdk/runtime';
import { loginOf, outboundTokens, resolveAuth, sayWhatHolds } from '#auth';
import type { AuthDefaults, AuthRules } from '#auth';
import { CredentialsClient } from '#clients';
import { SettingsError } from '#config';
import type { AtomicExecutorApi, CredentialsApi } from '#contract';
import { createApp, createLogger, SERVICE_VERSION } from '#http';
import type { Logger, ServiceApp, ServiceDescription } from '#http';
import { loadNodePacks } from '#node-pack-loader';
import type { LoadedPacks } from '#node-pack-loader';
import { AtomicExecutorModule } from './app.module.js';
import type { AtomicExecutorSettings } from './atomic-executor.config.js';
import { AtomicNodeRunsService } from './atomic-node-runs/atomic-node-runs.service.js';
import type { ExecutionOptions } from './atomic-node-runs/atomic-node-runs.service.js';
import { packsOfHandlers } from './node-packs/given-handlers.js';
import type { GivenHandlers } from './node-packs/given-handlers.js';
import { readGrants } from './node-packs/grants.js';
import { openPack } from './node-packs/open-pack.js';

export const ATOMIC_EXECUTOR: ServiceDescription = {
  name: 'arp-atomic-executor',
  title: 'ARP Atomic Executor API',
  description: 'Executes atomic node runs with the handlers of installed node packs.',
  version: SERVICE_VERSION,
};

/** The second is how the settings of the coordinator call it. */
export const ATOMIC_EXECUTOR_AUTH: AuthDefaults = {
  audiences: [ATOMIC_EXECUTOR.name, 'arp-jarvis-atomicexecutor'],
  mode: 'required',
};

/** Packs of these packages may use node ids that start with `jarvis.`. */
const FIRST_PARTY = ['@arp-jarvis/'];
const LOAD_TIMEOUT_MS = 30_000;
/** What is left of the grace of a stopping service for everything after the node runs. */
const AFTER_DRAIN_MS = 1_000;

/** An executor and the service interface that a caller in the same process may use instead of HTTP. */
export interface AtomicExecutorApp extends ServiceApp {
  readonly executor: AtomicExecutorApi;
}

/** What an application gives that uses the executor as a library. */
export interface AtomicExecutorOptions {
  /** By node type id. They are all that this executor runs: no pack is looked for. */
  readonly handlers?: GivenHandlers;
  /** Where credentials are, in this process. Default: at JARVIS_TOOL_GATEWAY_URL. */
  readonly credentials?: CredentialsApi;
}

export async function createAtomicExecutor(
  settings: AtomicExecutorSettings,
  { handlers, credentials }: AtomicExecutorOptions = {},
): Promise<AtomicExecutorApp> {
  const logger = createLogger(ATOMIC_EXECUTOR.name, settings);
  const auth = resolveAuth(settings, ATOMIC_EXECUTOR_AUTH);
  sayWhatHolds(auth, logger);
  refuseMockInProduction(settings, auth);
  if (settings.UPSTREAM_MODE === 'mock') {
    logger.warn('UPSTREAM_MODE=mock: nodes reach nothing outside, their packs answer instead');
  }
  const grants = readGrants(settings.JARVIS_NODEPACK_GRANTS);
  const client = credentials === undefined ? credentialsClient(settings) : undefined;
  const packs =
    handlers === undefined
      ? await loadPacks(settings, grants, logger)
      : packsOfHandlers(handlers, ATOMIC_EXECUTOR.version, handlersOptions(settings));
  for (const { code, message } of packs.refusals) logger.warn({ code }, message);
  logger.info({ node_types: [...packs.nodes.keys()] }, 'node packs loaded');
  const module = AtomicExecutorModule.of(ATOMIC_EXECUTOR, {
    packs,
    grants,
    execution: executionOptions(settings),
    artifacts: { folder: settings.JARVIS_ARTIFACTS_DIR, maxBytes: settings.JARVIS_MAX_ARTIFACT_BYTES },
    credentials: credentials ?? client,
    auth,
    logger,
  });
  const service = await createApp(module, ATOMIC_EXECUTOR, settings, logger, { login: loginOf(auth) });
  return {
    ...service,
    executor: service.app.get(AtomicNodeRunsService),
    stop: async () => {
      await service.stop();
      await client?.close();
    },
  };
}

/** A client for the tool gateway, when there is one. */
function credentialsClient(settings: AtomicExecutorSettings): CredentialsClient | undefined {
  const { JARVIS_TOOL_GATEWAY_URL: baseUrl } = settings;
  if (baseUrl === undefined) return undefined;
  return new CredentialsClient({
    baseUrl,
    timeoutMs: settings.JARVIS_TOOL_GATEWAY_TIMEOUT_MS,
    tokens: outboundTokens(settings).asService({
      audience: settings.JARVIS_TOOL_GATEWAY_AUDIENCE,
      bearerToken: settings.JARVIS_TOOL_GATEWAY_BEARER_TOKEN,
    }),
  });
}

/** @throws SettingsError: in production, what looks as if it had been done must have been done */
function refuseMockInProduction(settings: AtomicExecutorSettings, { profile }: AuthRules): void {
  if (settings.UPSTREAM_MODE !== 'mock' || profile !== 'enterprise') return;
  throw new SettingsError([
    'UPSTREAM_MODE: mock is for tests and demonstrations, and refused where ARP_AUTH_PROFILE is enterprise; set live, or leave it out',
  ]);
}

function loadPacks(
  settings: AtomicExecutorSettings,
  grants: ReturnType<typeof readGrants>,
  logger: Logger,
): Promise<LoadedPacks> {
  const running = {
    inProcess: settings.JARVIS_NODEPACK_IN_PROCESS,
    grants,
    memoryMb: settings.JARVIS_NODEPACK_MEMORY_MB,
    maxProcesses: settings.JARVIS_NODEPACK_MAX_PROCESSES,
    maxArtifactBytes: settings.JARVIS_MAX_ARTIFACT_BYTES,
    loadTimeoutMs: LOAD_TIMEOUT_MS,
    upstream: settings.UPSTREAM_MODE,
    ...hostOptions(settings),
  };
  return loadNodePacks({
    hostPackageJson: createRequire(import.meta.url).resolve('#package.json'),
    paths: settings.JARVIS_NODEPACK_PATHS,
    ...(settings.JARVIS_NODEPACK_ALLOW === undefined ? {} : { allow: settings.JARVIS_NODEPACK_ALLOW }),
    deny: settings.JARVIS_NODEPACK_DENY,
    firstParty: FIRST_PARTY,
    strict: settings.JARVIS_NODEPACK_STRICT,
    open: (pack) => openPack(pack, running, logger),
  });
}

function hostOptions(settings: AtomicExecutorSettings) {
  return { graceMs: settings.JARVIS_CANCEL_GRACE_MS, maxOutputBytes: settings.JARVIS_MAX_OUTPUTS_BYTES };
}

/** An application gives handlers, and nothing that could answer for what they call. */
function handlersOptions(settings: AtomicExecutorSettings) {
  const mockUpstream = mockUpstreamOf(settings.UPSTREAM_MODE, { id: 'handlers' });
  return { ...hostOptions(settings), ...(mockUpstream === undefined ? {} : { mockUpstream }) };
}

function executionOptions(settings: AtomicExecutorSettings): ExecutionOptions {
  const { JARVIS_EGRESS_ALLOW: allow } = settings;
  return {
    maxConcurrency: settings.JARVIS_MAX_CONCURRENCY,
    maxQueued: settings.JARVIS_MAX_QUEUED,
    defaultTimeoutMs: settings.JARVIS_DEFAULT_TIMEOUT_SECS * 1_000,
    rememberMs: settings.JARVIS_REMEMBER_RESULTS_SECS * 1_000,
    drainMs: Math.max(0, settings.ARP_SHUTDOWN_GRACE_MS - settings.JARVIS_CANCEL_GRACE_MS - AFTER_DRAIN_MS),
    maxProcesses: settings.JARVIS_NODEPACK_MAX_PROCESSES,
    egress: readEgress({
      ...(allow === undefined ? {} : { allow }),
      block: settings.JARVIS_EGRESS_BLOCK,
      allowPrivate: settings.JARVIS_EGRESS_ALLOW_PRIVATE,
    }),
  };
}

/**
 * What nodes may call, tried once: a pattern that cannot be read should stop the start, not every call.
 *
 * @throws EgressSettingsError
 */
function readEgress(egress: ExecutionOptions['egress']): ExecutionOptions['egress'] {
  try {
    createEgressGuard({ declared: [], ...egress });
    return egress;
  } catch (error) {
    throw new EgressSettingsError(
      `JARVIS_EGRESS_ALLOW, JARVIS_EGRESS_BLOCK or JARVIS_EGRESS_ALLOW_PRIVATE: ${reasonOf(error)}.`,
    );
  }
}

/** Settings of outbound calls that cannot be read. */
class EgressSettingsError extends Error {
  override readonly name = 'StartupError';
}
