import { readSettings } from '#config';
import { createTestDatabase, freePort, startProcess, untilServing } from '#testing';
import type { TestDatabase } from '#testing';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSuite } from '../../apps/standalone/src/standalone.app.js';
import { standaloneSettings } from '../../apps/standalone/src/standalone.config.js';

/** The three services, however they run. */
export interface SuiteUnderTest {
  readonly gateway: string;
  readonly coordinator: string;
  readonly executor: string;
  /** Not there where the three services run as processes. */
  readonly toolGateway?: string;
  readonly database: TestDatabase;
  stop(): Promise<void>;
}

const QUIET = { ARP_AUTH_PROFILE: 'dev-insecure', JARVIS_POLICY_PROFILE: 'dev-allow', LOG_LEVEL: 'silent' };

/** All in one process, bound to each other directly. */
export async function inOneProcess(env: Readonly<Record<string, string>> = {}): Promise<SuiteUnderTest> {
  const database = await createTestDatabase();
  const dataDir = mkdtempSync(join(tmpdir(), 'suite-'));
  const suite = await startSuite(
    readSettings(standaloneSettings, {
      ...QUIET,
      DATABASE_URL: database.url,
      ARP_RUN_GATEWAY_PORT: '0',
      ARP_RUN_COORDINATOR_PORT: '0',
      ARP_ATOMIC_EXECUTOR_PORT: '0',
      ARP_TOOL_GATEWAY_PORT: '0',
      ARP_DATA_DIR: dataDir,
      ...env,
    }),
    () => undefined,
  );
  return {
    gateway: suite.gateway,
    coordinator: suite.coordinator,
    executor: suite.atomicExecutor,
    toolGateway: suite.toolGateway,
    database,
    stop: async () => {
      await suite.stop();
      await database.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Three processes of the built code, bound to each other over HTTP. */
export async function asThreeProcesses(env: Readonly<Record<string, string>> = {}): Promise<SuiteUnderTest> {
  const database = await createTestDatabase();
  const [gatewayPort, coordinatorPort, executorPort] = await Promise.all([freePort(), freePort(), freePort()]);
  const url = (port: number) => `http://127.0.0.1:${port}`;
  const start = async (app: string, port: number, settings: Record<string, string>) => {
    const service = startProcess([`dist/apps/${app}/src/main.js`, '--port', String(port)], {
      ...QUIET,
      ...settings,
      ...env,
    });
    await untilServing(service, url(port));
    return service;
  };
  const services = await Promise.all([
    start('gateway', gatewayPort, { ARP_RUN_COORDINATOR_URL: url(coordinatorPort) }),
    start('coordinator', coordinatorPort, {
      DATABASE_URL: database.url,
      JARVIS_ATOMIC_EXECUTOR_URL: url(executorPort),
    }),
    start('atomic-executor', executorPort, {}),
  ]);
  return {
    gateway: url(gatewayPort),
    coordinator: url(coordinatorPort),
    executor: url(executorPort),
    database,
    stop: async () => {
      for (const service of services) await service.stop();
      await database.drop();
    },
  };
}

export const BINDINGS = [
  ['in one process', inOneProcess],
  ['as three processes', asThreeProcesses],
] as const;
