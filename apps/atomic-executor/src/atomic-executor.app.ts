import { createRequire } from 'node:module';
import type { AtomicExecutorApi } from '#contract';
import { createApp, createLogger, SERVICE_VERSION } from '#http';
import type { ServiceApp, ServiceDescription } from '#http';
import { loadNodePacks } from '#node-pack-loader';
import { AtomicExecutorModule } from './app.module.js';
import type { AtomicExecutorSettings } from './atomic-executor.config.js';
import { AtomicNodeRunsService } from './atomic-node-runs/atomic-node-runs.service.js';

export const ATOMIC_EXECUTOR: ServiceDescription = {
  name: 'arp-atomic-executor',
  title: 'ARP Atomic Executor API',
  description: 'Executes atomic node runs with the handlers of installed node packs.',
  version: SERVICE_VERSION,
};

/** Packs of these packages may use node ids that start with `jarvis.`. */
const FIRST_PARTY = ['@arp-jarvis/'];

/** An executor and the service interface that a caller in the same process may use instead of HTTP. */
export interface AtomicExecutorApp extends ServiceApp {
  readonly executor: AtomicExecutorApi;
}

export async function createAtomicExecutor(settings: AtomicExecutorSettings): Promise<AtomicExecutorApp> {
  const logger = createLogger(ATOMIC_EXECUTOR.name, settings);
  const packs = await loadNodePacks({
    hostPackageJson: createRequire(import.meta.url).resolve('#package.json'),
    paths: settings.JARVIS_NODEPACK_PATHS,
    ...(settings.JARVIS_NODEPACK_ALLOW === undefined ? {} : { allow: settings.JARVIS_NODEPACK_ALLOW }),
    deny: settings.JARVIS_NODEPACK_DENY,
    firstParty: FIRST_PARTY,
    strict: settings.JARVIS_NODEPACK_STRICT,
  });
  for (const { code, message } of packs.refusals) logger.warn({ code }, message);
  logger.info({ node_types: [...packs.nodes.keys()] }, 'node packs loaded');
  const module = AtomicExecutorModule.of(ATOMIC_EXECUTOR, {
    packs,
    limits: {
      defaultTimeoutMs: settings.JARVIS_DEFAULT_TIMEOUT_SECS * 1_000,
      maxConcurrency: settings.JARVIS_MAX_CONCURRENCY,
    },
    logger,
  });
  const service = await createApp(module, ATOMIC_EXECUTOR, settings, logger);
  return { ...service, executor: service.app.get(AtomicNodeRunsService) };
}
