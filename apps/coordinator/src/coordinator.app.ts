import { AtomicExecutorClient } from '#clients';
import type { AtomicExecutorApi, RunsApi } from '#contract';
import { provideDatabase } from '#database';
import type { ProvidedDatabase } from '#database';
import { createApp, createLogger, SERVICE_VERSION } from '#http';
import type { ServiceApp, ServiceDescription } from '#http';
import { PolicyCheckpoint } from '#policy';
import { CoordinatorModule } from './app.module.js';
import type { CoordinatorSettings } from './coordinator.config.js';
import { COORDINATOR_ENTITIES } from './entities.js';
import { RETENTION_DEFAULTS } from './retention/retention-options.js';
import { RunsService } from './runs/runs.service.js';

export const COORDINATOR: ServiceDescription = {
  name: 'arp-run-coordinator',
  title: 'ARP Run Coordinator API',
  description: 'System of record of runs, node runs and run events; dispatches node runs to executors.',
  version: SERVICE_VERSION,
};

/** A coordinator and the service interface that a caller in the same process may use instead of HTTP. */
export interface CoordinatorApp extends ServiceApp {
  readonly runs: RunsApi;
}

/** @param executor the atomic executor in this process; when absent, JARVIS_ATOMIC_EXECUTOR_URL says where it is */
export async function createCoordinator(
  settings: CoordinatorSettings,
  database: ProvidedDatabase,
  executor?: AtomicExecutorApi,
): Promise<CoordinatorApp> {
  const logger = createLogger(COORDINATOR.name, settings);
  const client = executor === undefined ? executorClient(settings) : undefined;
  const module = CoordinatorModule.of(COORDINATOR, {
    database: database.database,
    policy: new PolicyCheckpoint(settings),
    executor: executor ?? client,
    dispatch: {
      enabled: settings.JARVIS_RUN_COORDINATOR_AUTO_DISPATCH,
      concurrency: settings.JARVIS_RUN_COORDINATOR_MAX_IN_FLIGHT,
      graceMs: settings.ARP_SHUTDOWN_GRACE_MS,
    },
    retention: { ...RETENTION_DEFAULTS, days: settings.JARVIS_RUN_RETENTION_DAYS },
    logger,
  });
  const service = await createApp(module, COORDINATOR, settings, logger);
  return {
    ...service,
    runs: service.app.get(RunsService),
    stop: async () => {
      await service.stop();
      await client?.close();
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

function executorClient(settings: CoordinatorSettings): AtomicExecutorClient | undefined {
  if (settings.JARVIS_ATOMIC_EXECUTOR_URL === undefined) return undefined;
  return new AtomicExecutorClient({
    baseUrl: settings.JARVIS_ATOMIC_EXECUTOR_URL,
    timeoutMs: settings.JARVIS_ATOMIC_EXECUTOR_TIMEOUT_MS,
    ...(settings.JARVIS_ATOMIC_EXECUTOR_BEARER_TOKEN === undefined
      ? {}
      : { bearerToken: settings.JARVIS_ATOMIC_EXECUTOR_BEARER_TOKEN }),
  });
}
