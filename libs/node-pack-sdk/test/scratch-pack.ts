import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { JsonObject } from '../src/json-schema.js';
import type { Progress } from '../src/node-context.js';
import type { CallFacts, CallPorts, HandlerCall, HandlerEnd, PackHost } from '../src/runtime/pack-host.js';
import type { IsolatedOptions } from '../src/runtime/isolated-host.js';

/** A package in a temporary folder. */
export interface ScratchPack {
  readonly folder: string;
  readonly entryFile: string;
  remove(): Promise<void>;
}

export const PACK_ID = 'acme.scratch';

/** Writes a package whose files are given by path; `handlers` are the properties of an object, in JavaScript. */
export async function scratchPack(
  handlers: string,
  { prelude = '', files = {} }: { prelude?: string; files?: Readonly<Record<string, string>> } = {},
): Promise<ScratchPack> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'arp-pack-')));
  const all = {
    'package.json': '{"name":"scratch","version":"1.0.0","type":"module"}',
    'index.js': `${prelude}
const handlers = { ${handlers} };
const nodes = Object.entries(handlers).map(([name, run]) => ({ id: '${PACK_ID}.' + name, run }));
export default { id: '${PACK_ID}', nodes };`,
    ...files,
  };
  for (const [path, text] of Object.entries(all)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return {
    folder,
    entryFile: join(folder, 'index.js'),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Options that suit tests; what is logged without a node run goes to `logs`. */
export function isolatedOptions(
  pack: Pick<ScratchPack, 'folder' | 'entryFile'>,
  changes: Partial<IsolatedOptions> = {},
  logs: string[] = [],
): IsolatedOptions {
  return {
    packId: PACK_ID,
    folder: pack.folder,
    entryFile: pack.entryFile,
    schemas: {},
    memoryMb: 128,
    maxProcesses: 2,
    graceMs: 300,
    startTimeoutMs: 20_000,
    maxOutputBytes: 1_000_000,
    grants: { filesRead: [], filesWrite: [], childProcess: false, workerThreads: false, nativeAddons: false },
    log: (level, message, fields) => logs.push(`${level} ${message}${fields ? ` ${JSON.stringify(fields)}` : ''}`),
    ...changes,
  };
}

/** What a call said and how it ended. */
export interface Called {
  readonly end: HandlerEnd;
  readonly logs: readonly string[];
  readonly progress: readonly Progress[];
}

/** A call of a node of a scratch pack. */
export function handlerCall(
  node: string,
  inputs: JsonObject = {},
  signal: AbortSignal = new AbortController().signal,
  ports: Partial<CallPorts> = {},
): HandlerCall {
  const facts: CallFacts = {
    runId: 'run_1',
    nodeRunId: 'node_run_1',
    nodeTypeId: `${PACK_ID}.${node}`,
    nodeTypeVersion: '1.0.0',
    deadline: Date.now() + 60_000,
    egress: { declared: [], block: [], allowPrivate: [] },
  };
  const all: CallPorts = {
    log: () => undefined,
    progress: () => undefined,
    putArtifact: async () => Promise.reject(new Error('no artifacts here')),
    getArtifact: async () => undefined,
    getCredential: async () => undefined,
    ...ports,
  };
  return { inputs, facts, signal, ports: all };
}

/** Runs a node and keeps what it says. */
export async function run(
  host: PackHost,
  node: string,
  inputs: JsonObject = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<Called> {
  const logs: string[] = [];
  const progress: Progress[] = [];
  const end = await host.run(
    handlerCall(node, inputs, signal, {
      log: (level, message, fields) => logs.push(`${level} ${message}${fields ? ` ${JSON.stringify(fields)}` : ''}`),
      progress: (latest) => progress.push(latest),
    }),
  );
  return { end, logs, progress };
}

/** A signal that fires with `reason` after a while, as an executor's does. */
export function stopAfter(ms: number, reason: 'canceled' | 'timeout' | 'stopping'): AbortSignal {
  const stop = new AbortController();
  setTimeout(() => stop.abort(reason), ms);
  return stop.signal;
}

/** Whether there is such a process. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
