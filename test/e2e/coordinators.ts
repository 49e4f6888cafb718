import { readSettings } from '#config';
import { NodeRun, NodeRunsCreateResponse, Run } from '#contract';
import type { RunEvent } from '#contract';
import { listen } from '#http';
import { createTestDatabase, freePort } from '#testing';
import type { TestDatabase } from '#testing';
import { createCoordinator, provideCoordinatorDatabase } from '../../apps/coordinator/src/coordinator.app.js';
import { coordinatorSettings } from '../../apps/coordinator/src/coordinator.config.js';
import { call, conforming, eventsOf } from './http.js';
import type { Answer } from './http.js';

/** A coordinator by itself: its peers are whatever the settings name. */
export interface RunningCoordinator {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts one in this process, on a database that may have others. `JARVIS_RUN_COORDINATOR_PUBLIC_URL` is its own address by default. */
export async function startCoordinator(
  database: TestDatabase,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningCoordinator> {
  const port = await freePort();
  const settings = readSettings(coordinatorSettings, {
    ARP_AUTH_PROFILE: 'dev-insecure',
    JARVIS_POLICY_PROFILE: 'dev-allow',
    LOG_LEVEL: 'silent',
    DATABASE_URL: database.url,
    JARVIS_RUN_COORDINATOR_PUBLIC_URL: `http://127.0.0.1:${port}`,
    ...env,
  });
  const provided = await provideCoordinatorDatabase(settings, () => undefined);
  try {
    const service = await createCoordinator(settings, provided);
    const url = await listen(service, { host: '127.0.0.1', port, portSetting: 'ARP_RUN_COORDINATOR_PORT' });
    return {
      url,
      stop: async () => {
        await service.stop();
        await provided.release();
      },
    };
  } catch (error) {
    await provided.release();
    throw error;
  }
}

/** What a test starts, ended together: the latest first. */
export class CleanUp {
  private readonly steps: (() => Promise<unknown>)[] = [];

  add<T>(thing: T, end: (thing: T) => Promise<unknown>): T {
    this.steps.push(() => end(thing));
    return thing;
  }

  async database(): Promise<TestDatabase> {
    return this.add(await createTestDatabase(), (database) => database.drop());
  }

  async coordinator(database: TestDatabase, env: Readonly<Record<string, string>> = {}): Promise<RunningCoordinator> {
    return this.add(await startCoordinator(database, env), (coordinator) => coordinator.stop());
  }

  async run(): Promise<void> {
    const failures: unknown[] = [];
    for (const step of this.steps.splice(0).reverse()) await step().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, 'not everything could be ended');
  }
}

export const ref = (node_type_id: string, version = '1') => ({ node_type_id, version });

/** A child as a composite executor asks for it. */
export const child = (node_type_id = 'atomic.a', rest: object = {}) => ({
  node_type_ref: ref(node_type_id),
  inputs: {},
  ...rest,
});

/** @param rest further fields of the request */
export async function startRun(base: string, nodeTypeId = 'composite.plan', rest: object = {}): Promise<Run> {
  const request = { root_node_type_ref: ref(nodeTypeId), input: {}, ...rest };
  return conforming(Run, await call('POST', `${base}/v1/runs`, request));
}

/** The answer to a creation of children below `parent`, by default the root. */
export function createChildren(
  base: string,
  { run_id, root_node_run_id }: Run,
  node_runs: readonly object[],
  parent: string = root_node_run_id,
): Promise<Answer> {
  return call('POST', `${base}/v1/node-runs`, { run_id, parent_node_run_id: parent, node_runs });
}

/** As `createChildren`, when it is to succeed. */
export async function created(...parameters: Parameters<typeof createChildren>): Promise<NodeRun[]> {
  return conforming(NodeRunsCreateResponse, await createChildren(...parameters)).node_runs;
}

export async function nodeRun(base: string, id: string): Promise<NodeRun> {
  return conforming(NodeRun, await call('GET', `${base}/v1/node-runs/${id}`));
}

export async function runOf(base: string, id: string): Promise<Run> {
  return conforming(Run, await call('GET', `${base}/v1/runs/${id}`));
}

/** Everything that happens to a run until it ends. */
export function untilRunEnds(base: string, { run_id }: Run): Promise<RunEvent[]> {
  return eventsOf(`${base}/v1/runs/${run_id}/events?follow=1`);
}

/** The code of the error that a node run ended with; undefined when there is none. */
export function errorOf({ extensions }: NodeRun): Record<string, unknown> | undefined {
  return extensions?.['jarvis.completion_error'] as Record<string, unknown> | undefined;
}
