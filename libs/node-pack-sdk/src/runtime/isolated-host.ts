import { realpath } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { UpstreamMode } from '../http/mock-upstream.js';
import type { JsonObject } from '../json-schema.js';
import { stoppedEnd } from './handler-error.js';
import { outwardLink } from './outward-link.js';
import type { HandlerCall, HandlerEnd, PackHost, StopReason } from './pack-host.js';
import { PackProcess } from './pack-process.js';
import { processFlags } from './process-flags.js';
import type { IsolatedGrants } from './process-flags.js';
import { ProcessPool } from './process-pool.js';
import { readablePackages } from './readable-packages.js';
import { RunningCalls } from './running-calls.js';
import type { NodeSchemas } from './schema-check.js';

/** How the processes of a pack are run. */
export interface IsolatedOptions {
  readonly packId: string;
  /** Real path of the package. */
  readonly folder: string;
  /** Real path of the module of the pack. */
  readonly entryFile: string;
  /**
   * By node id, from the manifest. They are the pack's own and can take any time, so its processes do the checks. Of a node that is not in
   * here nothing is checked.
   */
  readonly schemas: Readonly<Record<string, NodeSchemas>>;
  /** Memory that one of its processes may have, in MiB: the heap, and on Linux also buffers and all else. */
  readonly memoryMb: number;
  /** Node runs at the same time, since each has a process to itself; more wait. At least 1. */
  readonly maxProcesses: number;
  /** How long a handler that was stopped may take to end, in milliseconds; then its process is killed. */
  readonly graceMs: number;
  /** How long a process that is not the only one stays without work, in milliseconds. Default 30 000. */
  readonly idleMs?: number;
  readonly startTimeoutMs: number;
  /** Most bytes of outputs as JSON. */
  readonly maxOutputBytes: number;
  /** Most bytes of one artifact. Default: `maxOutputBytes`. */
  readonly maxArtifactBytes?: number;
  readonly grants: IsolatedGrants;
  /** `mock`: the pack's own `mockUpstream` answers `ctx.http`, and credentials read as `mock-credential`. Default `live`. */
  readonly upstream?: UpstreamMode;
  /** For what belongs to no node run. */
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields?: JsonObject) => void;
}

/** The package of the SDK, in `src` as in `dist`. */
const SDK = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Runs handlers in processes of their own, with an empty environment and without what is not granted (Node's permission model). What a
 * handler does hurts its own node run only: one that does not end is killed, and a fresh process takes the place of one that has ended.
 *
 * @throws Error with a clause that says why the pack cannot be run: "it did not finish loading within 30000 ms"
 */
export async function openIsolated(options: IsolatedOptions): Promise<PackHost> {
  const { folder, memoryMb, grants, maxArtifactBytes = options.maxOutputBytes, upstream = 'live' } = options;
  const code = await readablePackages(folder, await realpath(SDK), (warning) => options.log('warn', warning));
  const outward = await outwardLink(folder, code);
  if (outward !== undefined) throw new Error(`its folder has a link that leads out of it: ${outward}`);
  const flags = await processFlags(code, memoryMb, grants);
  const settings = { ...options, flags, maxArtifactBytes, mayHaveChildren: grants.childProcess, upstream };
  const pool = new ProcessPool(() => new PackProcess(settings), {
    maxProcesses: options.maxProcesses,
    idleMs: options.idleMs ?? 30_000,
    log: options.log,
  });
  const handlerIds = await pool.open();
  const calls = new RunningCalls();
  let closed: Promise<void> | undefined;

  const run = async (call: HandlerCall): Promise<HandlerEnd> => {
    const process = await pool.take(call.signal);
    if (process === undefined) return stoppedEnd(call.signal.reason as StopReason, { external_calls: 0, cost: 0 });
    try {
      return await process.run(call);
    } finally {
      pool.giveBack(process);
    }
  };
  return {
    isolation: 'process',
    handlerIds,
    checksSchemas: true,
    run: async (call) => {
      const { nodeTypeId } = call.facts;
      if (!handlerIds.includes(nodeTypeId)) throw new Error(`this host has no handler for ${nodeTypeId}`);
      return calls.during(call.signal, (signal) => run({ ...call, signal }));
    },
    close: () => {
      closed ??= (async () => {
        pool.stop();
        calls.stopAll('stopping');
        await calls.ended();
        await pool.close();
      })();
      return closed;
    },
  };
}
