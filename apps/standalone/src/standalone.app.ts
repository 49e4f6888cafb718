import { resolveAuth } from '#auth';
import type { ProvidedDatabase } from '#database';
import { listen } from '#http';
import type { ServiceApp } from '#http';
import { createAtomicExecutor } from '../../atomic-executor/src/atomic-executor.app.js';
import {
  COORDINATOR_AUTH,
  createCoordinator,
  provideCoordinatorDatabase,
} from '../../coordinator/src/coordinator.app.js';
import { createGateway } from '../../gateway/src/gateway.app.js';
import { createToolGateway, TOOL_GATEWAY_AUTH } from '../../tool-gateway/src/tool-gateway.app.js';
import { LateCredentials } from './late-credentials.js';
import { keptMasterKey } from './master-key.js';
import type { StandaloneSettings } from './standalone.config.js';

/** The whole suite in this process. */
export interface Suite {
  /** Base URLs. */
  readonly gateway: string;
  readonly coordinator: string;
  readonly atomicExecutor: string;
  readonly toolGateway: string;
  /** Where the data is, for a line of output. */
  readonly data: string;
  /** Stops the services, callers first, then the database. */
  stop(): Promise<void>;
}

/**
 * Starts gateway, coordinator, atomic executor and tool gateway bound to each other in the process, each on its own port.
 * When one cannot start, those that could are stopped again.
 */
export async function startSuite(settings: StandaloneSettings, onNotice: (sentence: string) => void): Promise<Suite> {
  let database: ProvidedDatabase | undefined;
  const services: ServiceApp[] = [];
  const stop = async () => {
    for (const service of services.reverse()) await service.stop();
    await database?.release();
  };
  const host = settings.ARP_HOST;
  // Before anything is opened: a coordinator without the settings that it needs must leave its database alone.
  resolveAuth(settings, COORDINATOR_AUTH);
  resolveAuth(settings, TOOL_GATEWAY_AUTH);
  try {
    database = await provideCoordinatorDatabase(settings, onNotice);
    const credentials = new LateCredentials();
    const executor = await createAtomicExecutor(settings, { credentials });
    services.push(executor);
    const coordinator = await createCoordinator(withPublicUrl(settings), database, { executor: executor.executor });
    services.push(coordinator);
    const gateway = await createGateway(settings, coordinator);
    services.push(gateway);
    const toolGateway = await createToolGateway(withMasterKey(settings), database, {
      executor: executor.executor,
      runs: coordinator.runs,
    });
    services.push(toolGateway);
    credentials.use(toolGateway.credentials);
    return {
      atomicExecutor: await listen(executor, {
        host,
        port: settings.ARP_ATOMIC_EXECUTOR_PORT,
        portSetting: 'ARP_ATOMIC_EXECUTOR_PORT',
      }),
      coordinator: await listen(coordinator, {
        host,
        port: settings.ARP_RUN_COORDINATOR_PORT,
        portSetting: 'ARP_RUN_COORDINATOR_PORT',
      }),
      gateway: await listen(gateway, {
        host,
        port: settings.ARP_RUN_GATEWAY_PORT,
        portSetting: 'ARP_RUN_GATEWAY_PORT',
      }),
      toolGateway: await listen(toolGateway, {
        host,
        port: settings.ARP_TOOL_GATEWAY_PORT,
        portSetting: 'ARP_TOOL_GATEWAY_PORT',
      }),
      data: database.where,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A composite executor of a suite for trying things out is on the same machine. */
function withPublicUrl(settings: StandaloneSettings): StandaloneSettings {
  const port = settings.ARP_RUN_COORDINATOR_PORT;
  if (settings.JARVIS_RUN_COORDINATOR_PUBLIC_URL !== undefined || port === 0) return settings;
  return { ...settings, JARVIS_RUN_COORDINATOR_PUBLIC_URL: `http://127.0.0.1:${port}` };
}

function withMasterKey(settings: StandaloneSettings): StandaloneSettings {
  if (settings.JARVIS_TOOL_ENCRYPTION_KEYS !== undefined) return settings;
  return { ...settings, JARVIS_TOOL_ENCRYPTION_KEYS: keptMasterKey(settings.ARP_DATA_DIR) };
}
