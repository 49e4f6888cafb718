import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '#testing';
import type { TestDatabase } from '#testing';
import { CleanUp } from '../e2e/coordinators.js';
import { CountingUpstream } from '../tool-gateway/counting-upstream.js';
import { writeCountedPack } from './counted-pack.js';
import { RestartableService } from './restartable-service.js';

/** A tool gateway, a coordinator and an atomic executor as processes on one database, and an upstream that counts. */
export interface ToolCluster {
  readonly gateway: RestartableService;
  readonly upstream: CountingUpstream;
  readonly database: TestDatabase;
  stop(): Promise<void>;
}

const QUIET = {
  ARP_AUTH_PROFILE: 'dev-insecure',
  JARVIS_POLICY_PROFILE: 'dev-allow',
  LOG_LEVEL: 'warn',
  LOG_FORMAT: 'json',
};

/** @throws Error when something does not come up; then nothing is left behind */
export async function startToolCluster(): Promise<ToolCluster> {
  const cleanUp = new CleanUp();
  try {
    return { ...(await build(cleanUp)), stop: () => cleanUp.run() };
  } catch (error) {
    await cleanUp.run().catch(() => undefined);
    throw error;
  }
}

async function build(cleanUp: CleanUp): Promise<Omit<ToolCluster, 'stop'>> {
  const made = await mkdtemp(join(tmpdir(), 'arp-tool-chaos-'));
  const folder = cleanUp.add(made, (path) => rm(path, { recursive: true, force: true }));
  await chmod(folder, 0o755);
  const pack = await writeCountedPack(folder);
  const database = await cleanUp.database();
  const upstream = new CountingUpstream();
  await upstream.start();
  cleanUp.add(upstream, (one) => one.stop());
  const start = async (app: string, port: number, env: Readonly<Record<string, string>>) => {
    const service = new RestartableService(`dist/apps/${app}/src/main.js`, port, { ...QUIET, ...env });
    cleanUp.add(service, (one) => one.stop());
    await service.start();
    return service;
  };
  const [executorPort, coordinatorPort, gatewayPort] = await Promise.all([freePort(), freePort(), freePort()]);
  const executor = await start('atomic-executor', executorPort, {
    JARVIS_NODEPACK_PATHS: pack,
    JARVIS_NODEPACK_IN_PROCESS: await realpath(pack),
    JARVIS_NODEPACK_STRICT: 'true',
    JARVIS_EGRESS_ALLOW_PRIVATE: '127.0.0.0/8',
  });
  const coordinator = await start('coordinator', coordinatorPort, {
    DATABASE_URL: database.url,
    JARVIS_ATOMIC_EXECUTOR_URL: executor.url,
  });
  const gateway = await start('tool-gateway', gatewayPort, {
    DATABASE_URL: database.url,
    JARVIS_ATOMIC_EXECUTOR_URL: executor.url,
    ARP_RUN_COORDINATOR_URL: coordinator.url,
    JARVIS_TOOL_ENCRYPTION_KEYS: `test:${randomBytes(32).toString('base64')}`,
    JARVIS_TOOL_LEGACY_MINTING: 'true',
    JARVIS_TOOL_RATE_LIMIT_PER_MINUTE: '1000000',
  });
  return { gateway, upstream, database };
}
