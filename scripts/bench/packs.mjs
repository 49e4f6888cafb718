import { createRequire } from 'node:module';
import { readFileSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { closedLoop } from './closed-loop.mjs';
import { atEnd } from './ending.mjs';
import { latencies } from './latencies.mjs';
import { step } from './progress.mjs';

const require = createRequire(import.meta.url);
const PACK = 'jarvis.core';
const NODE = 'jarvis.core.echo';
const FOLDER = realpathSync(dirname(require.resolve('@arp-jarvis/node-pack-core/package.json')));
const ENTRY = require.resolve('@arp-jarvis/node-pack-core');
const STARTS = 5;
const CALLERS = [1, 8];
const PROCESSES = 2;
const MEMORY_MB = 256;
const LIMITS = { graceMs: 1_000, maxOutputBytes: 4_194_304 };
const { nodes } = JSON.parse(readFileSync(`${FOLDER}/jarvis.nodepack.json`, 'utf8'));
const PAYLOADS = [
  ['small', { text: 'Hello, world' }],
  ['100 KiB', { text: 'x'.repeat(102_400) }],
];

/**
 * What it costs to run the echo handler, in the process of the executor and in processes of its own: no HTTP, no coordinator, the host of
 * the pack alone.
 */
export async function measurePacks({ options }) {
  const { importPack, openInProcess, openIsolated, schemasOf } = await import('@arp-jarvis/node-pack-sdk/runtime');
  const { handlers } = await importPack(ENTRY, PACK, 30_000);
  const isolated = () =>
    openIsolated({
      packId: PACK,
      folder: FOLDER,
      entryFile: realpathSync(ENTRY),
      memoryMb: MEMORY_MB,
      maxProcesses: PROCESSES,
      schemas: schemasOf(nodes),
      startTimeoutMs: 30_000,
      grants: { filesRead: [], filesWrite: [], childProcess: false, workerThreads: false, nativeAddons: false },
      log: () => {},
      ...LIMITS,
    });
  step('packs: starting processes');
  const starts = [];
  for (let n = 0; n < STARTS; n += 1) {
    const from = performance.now();
    const host = await isolated();
    starts.push(performance.now() - from);
    await host.close();
  }
  const hosts = [
    ['in process', openInProcess(handlers, LIMITS)],
    ['isolated', await isolated()],
  ];
  const stop = atEnd(() => Promise.all(hosts.map(([, host]) => host.close())));
  const levels = [];
  for (const [payload, inputs] of PAYLOADS) {
    for (const callers of CALLERS) {
      for (const [isolation, host] of hosts) {
        step(`packs: ${isolation}, ${payload}, ${callers} callers`);
        const { perSecond, times } = await closedLoop({
          callers,
          seconds: Math.max(1, options.seconds / 4),
          once: () => call(host, inputs),
        });
        levels.push({ isolation, payload, callers, calls_per_second: perSecond, call_ms: times.call });
      }
    }
  }
  const resident = residentMib();
  await stop();
  return { start_ms: latencies(starts), processes: PROCESSES, resident_mib: resident, levels };
}

let calls = 0;

async function call(host, inputs) {
  calls += 1;
  const from = performance.now();
  const end = await host.run({
    inputs,
    facts: {
      runId: 'bench',
      nodeRunId: `bench-${calls}`,
      nodeTypeId: NODE,
      nodeTypeVersion: '0',
      deadline: Date.now() + 60_000,
      egress: { declared: [], block: [], allowPrivate: [] },
    },
    ports: { log: () => {}, progress: () => {}, putArtifact: () => {}, getArtifact: () => {} },
    signal: new AbortController().signal,
  });
  const took = performance.now() - from;
  if (end.state !== 'succeeded' || end.outputs.echo?.text !== inputs.text) {
    throw new Error(`a call of ${NODE} ended as ${end.state} ${end.error?.code ?? 'with other outputs'}`);
  }
  // In process nothing else would let the clock of the loop have its turn.
  await nextTurn();
  return { call: took };
}

/** Resident memory of each process of the pack, in MiB; undefined where the system does not tell. */
function residentMib() {
  try {
    const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ');
    const memories = children.flatMap((pid) => {
      if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('pack-process.main.js')) return [];
      const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
      return kib === undefined ? [] : [Number(kib) / 1_024];
    });
    return memories.length === 0 ? undefined : memories;
  } catch {
    return undefined;
  }
}
