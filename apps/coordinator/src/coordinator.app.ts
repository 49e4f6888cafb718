import { loginOf, outboundTokens, resolveAuth, sayWhatHolds } from '#auth';
import type { AuthDefaults } from '#auth';
import { atomicExecutorClients, CompositeExecutorClient, nodeRegistryClient, PolicyDecisionClient } from '#clients';
import type { ApprovalsApi, AtomicExecutorApi, CompositeExecutorApi, NodeRegistryApi, RunsApi } from '#contract';
import { provideDatabase } from '#database';
import type { ProvidedDatabase } from '#database';
import { createApp, createLogger, SERVICE_VERSION } from '#http';
import type { ServiceApp, ServiceDescription } from '#http';
import { CoordinatorModule } from './app.module.js';
import { approvalWebhookOf } from './approvals/approval-webhook.js';
import { ApprovalsService } from './approvals/approvals.service.js';
import { AtomicExecutors } from './atomic-executors/atomic-executors.js';
import type { CoordinatorSettings } from './coordinator.config.js';
import { COORDINATOR_ENTITIES } from './entities.js';
import { DocumentLimits } from './node-runs/document-limits.js';
import { openCheckpoint } from './open-checkpoint.js';
import { CoordinatorRunsService } from './runs/coordinator-runs.service.js';
import { RETENTION_DEFAULTS } from './retention/retention-options.js';

export const COORDINATOR: ServiceDescription = {
  name: 'arp-run-coordinator',
  title: 'ARP Run Coordinator API',
  description: 'System of record of runs, node runs and run events; dispatches node runs to executors.',
  version: SERVICE_VERSION,
};

export const COORDINATOR_AUTH: AuthDefaults = { audiences: [COORDINATOR.name], mode: 'required' };

/** A coordinator and the service interfaces that a caller in the same process may use instead of HTTP. */
export interface CoordinatorApp extends ServiceApp {
  readonly runs: RunsApi;
  readonly approvals: ApprovalsApi;
}

/** Services in the same process that the coordinator calls; for one that is absent a setting says where it is, if it is. */
export interface CoordinatorPeers {
  readonly executor?: AtomicExecutorApi;
  readonly compositeExecutor?: CompositeExecutorApi;
  readonly nodeRegistry?: NodeRegistryApi;
}

export async function createCoordinator(
  settings: CoordinatorSettings,
  database: ProvidedDatabase,
  peers: CoordinatorPeers = {},
): Promise<CoordinatorApp> {
  const logger = createLogger(COORDINATOR.name, settings);
  const auth = resolveAuth(settings, COORDINATOR_AUTH);
  sayWhatHolds(auth, logger);
  const approvalWebhook = approvalWebhookOf(settings);
  const clients = createClients(settings, peers);
  const policy = await openCheckpoint(settings, { service: COORDINATOR.name, pdp: clients.pdp }, logger);
  const module = CoordinatorModule.of(COORDINATOR, {
    database: database.database,
    policy: policy.checkpoint,
    policyChecks: policy.checks,
    executors: new AtomicExecutors(peers.executor === undefined ? clients.executors : [peers.executor]),
    compositeExecutor: peers.compositeExecutor ?? clients.compositeExecutor,
    nodeRegistry: peers.nodeRegistry ?? clients.nodeRegistry,
    assignmentSecret: settings.JARVIS_ASSIGNMENT_TOKEN_SECRET,
    dispatch: {
      enabled: settings.JARVIS_RUN_COORDINATOR_AUTO_DISPATCH,
      concurrency: settings.JARVIS_RUN_COORDINATOR_MAX_IN_FLIGHT,
      graceMs: settings.ARP_SHUTDOWN_GRACE_MS,
      maxAttempts: settings.JARVIS_RUN_COORDINATOR_MAX_ATTEMPTS,
      unavailableAttempts: settings.JARVIS_RUN_COORDINATOR_UNAVAILABLE_ATTEMPTS,
      publicUrl: settings.JARVIS_RUN_COORDINATOR_PUBLIC_URL,
      compositeTimeoutMs: settings.JARVIS_COMPOSITE_NODE_RUN_TIMEOUT_MS,
    },
    runStore: {
      maxQueued: settings.JARVIS_RUN_COORDINATOR_MAX_QUEUED_COMMANDS,
      approvalNotices: approvalWebhook !== undefined,
    },
    limits: new DocumentLimits(settings.JARVIS_MAX_INPUTS_BYTES, settings.JARVIS_MAX_OUTPUTS_BYTES),
    approvals: { defaultExpiryMs: settings.JARVIS_APPROVAL_EXPIRY_SECONDS * 1_000 },
    approvalWebhook,
    forwarders: auth.forwarders,
    extensionsPrefix: settings.JARVIS_EXTENSIONS_PREFIX,
    retention: { ...RETENTION_DEFAULTS, days: settings.JARVIS_RUN_RETENTION_DAYS },
    auth,
    logger,
  });
  const service = await createApp(module, COORDINATOR, settings, logger, { login: loginOf(auth) });
  return {
    ...service,
    runs: service.app.get(CoordinatorRunsService),
    approvals: service.app.get(ApprovalsService),
    stop: async () => {
      await service.stop();
      await policy.close();
      for (const client of Object.values(clients).flat()) await client?.close();
    },
  };
}

/** The database of a coordinator, as its settings say. */
export function provideCoordinatorDatabase(
  settings: CoordinatorSettings,
  onNotice: (sentence: string) => void,
): Promise<ProvidedDatabase> {
  return provideDatabase(settings, { name: COORDINATOR.name, entities: COORDINATOR_ENTITIES }, onNotice);
}

/** HTTP clients of the peers that are configured and not in this process. */
function createClients(settings: CoordinatorSettings, peers: CoordinatorPeers) {
  const executors = peers.executor === undefined ? settings.JARVIS_ATOMIC_EXECUTOR_URL : undefined;
  const composite = peers.compositeExecutor === undefined ? settings.JARVIS_COMPOSITE_EXECUTOR_URL : undefined;
  const registry = peers.nodeRegistry === undefined ? settings.JARVIS_NODE_REGISTRY_URL : undefined;
  const pdp = settings.JARVIS_PDP_URL;
  const tokens = outboundTokens(settings);
  return {
    executors: atomicExecutorClients(settings, executors, settings.JARVIS_ATOMIC_EXECUTOR_TIMEOUT_MS),
    compositeExecutor:
      composite === undefined
        ? undefined
        : new CompositeExecutorClient({
            baseUrl: composite,
            timeoutMs: settings.JARVIS_COMPOSITE_EXECUTOR_TIMEOUT_MS,
            tokens: tokens.asService({
              audience: settings.JARVIS_COMPOSITE_EXECUTOR_AUDIENCE,
              bearerToken: settings.JARVIS_COMPOSITE_EXECUTOR_BEARER_TOKEN,
            }),
          }),
    pdp:
      pdp === undefined
        ? undefined
        : new PolicyDecisionClient({
            baseUrl: pdp,
            timeoutMs: settings.JARVIS_PDP_TIMEOUT_MS,
            tokens: tokens.asService({
              audience: settings.JARVIS_PDP_AUDIENCE,
              bearerToken: settings.JARVIS_PDP_BEARER_TOKEN,
            }),
          }),
    nodeRegistry: nodeRegistryClient(settings, registry, settings.JARVIS_NODE_REGISTRY_TIMEOUT_MS),
  };
}
