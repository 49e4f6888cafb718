import { join } from 'node:path';
import type { CompositeStage } from './composite-script.js';
import type { CompositeBehaviour } from './scripted-composite-executor.js';
import { freePort, startProcess, untilServing } from './service-process.js';
import type { ServiceProcess } from './service-process.js';

/** The options of `startScriptedCompositeExecutor` that a command line can carry, with the same defaults. */
export interface ScriptedCompositeExecutorFlags {
  /** Default: one that is free. The same port again lets it come back after its death. */
  readonly port?: number;
  readonly children?: number;
  readonly nodeType?: string;
  readonly nodeVersion?: string;
  readonly behaviour?: CompositeBehaviour;
  readonly dieAfter?: CompositeStage;
  readonly wait?: 'follow' | 'poll';
  /** In milliseconds. */
  readonly retryForMs?: number;
}

const MAIN = 'dist/libs/testing/src/scripted-composite-executor.main.js';

/** Starts the scripted composite executor (the built one) in a process of its own and waits until it serves. */
export async function spawnScriptedCompositeExecutor(
  flags: ScriptedCompositeExecutorFlags = {},
): Promise<ServiceProcess & { readonly url: string }> {
  const { port = await freePort(), children, nodeType, nodeVersion, behaviour, dieAfter, wait, retryForMs } = flags;
  const given = {
    port,
    children,
    'node-type': nodeType,
    'node-version': nodeVersion,
    behaviour,
    'die-after': dieAfter,
    wait,
    'retry-for-ms': retryForMs,
  };
  const args = Object.entries(given).flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag}=${value}`]));
  const service = startProcess([join(process.cwd(), MAIN), ...args], {});
  const url = `http://127.0.0.1:${port}`;
  await untilServing(service, url);
  return { ...service, url };
}
