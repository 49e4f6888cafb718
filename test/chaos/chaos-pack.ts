import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The nodes of the pack: each waits `inputs.ms` milliseconds, or `inputs.again_ms` when that is given and the node run was begun before,
 * and gives its inputs back under `echo`, with the `pid` of its process.
 */
export const CHAOS_NODES = {
  read: 'test.chaos.read',
  write: 'test.chaos.write',
  irreversible: 'test.chaos.irreversible',
} as const;
export const CHAOS_VERSION = '1.0.0';

/** One execution of a node of the pack, as it wrote it down. */
export interface Execution {
  readonly nodeRunId: string;
  readonly nodeTypeId: string;
  /** Of the executor's process. */
  readonly pid: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Absent when the handler did not come to its end: its process was killed, or it was canceled. */
  readonly endedAt?: number;
}

/** A folder for JARVIS_NODEPACK_PATHS whose nodes keep a record of their executions that outlives every process. */
export interface ChaosPack {
  readonly folder: string;
  /** Every execution so far, in the order of their beginnings. */
  executions(): Promise<Execution[]>;
}

interface Line {
  readonly what: 'start' | 'end';
  readonly execution: string;
  readonly node_run_id: string;
  readonly node_type_id: string;
  readonly pid: number;
  readonly at: number;
}

/** Writes the pack into a folder below `root`. */
export async function writeChaosPack(root: string): Promise<ChaosPack> {
  const folder = join(root, 'chaos-pack');
  const record = join(root, 'executions.ndjson');
  await mkdir(folder);
  await writeFile(record, '');
  await Promise.all([
    writeFile(join(folder, 'package.json'), JSON.stringify(packageJson())),
    writeFile(join(folder, 'jarvis.nodepack.json'), JSON.stringify(manifest())),
    writeFile(join(folder, 'index.js'), handlers(record)),
  ]);
  return { folder, executions: async () => parse(await readFile(record, 'utf8')) };
}

function packageJson(): object {
  return {
    name: '@test/chaos',
    version: CHAOS_VERSION,
    type: 'module',
    jarvis: {
      schemaVersion: 1,
      nodepacks: { 'test.chaos': { entry: './index.js', manifest: './jarvis.nodepack.json' } },
      compat: { sdk: '^0.1.0' },
    },
  };
}

function manifest(): object {
  const nodes = Object.entries(CHAOS_NODES).map(([sideEffect, id]) => ({
    id,
    description: 'Waits and gives its inputs back.',
    input_schema: { type: 'object', properties: { ms: { type: 'number' } }, required: ['ms'] },
    output_schema: { type: 'object', properties: { echo: { type: 'object' } }, required: ['echo'] },
    side_effect: sideEffect,
    trust_tier: 'third_party',
    idempotent: sideEffect === 'read',
  }));
  return { schema_version: 1, id: 'test.chaos', version: CHAOS_VERSION, nodes };
}

/** A line is appended by one system call: a process that is killed leaves whole lines. */
function handlers(record: string): string {
  return `
import { randomUUID } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const RECORD = ${JSON.stringify(record)};

function note(what, execution, { nodeRunId, nodeTypeId }) {
  const line = { what, execution, node_run_id: nodeRunId, node_type_id: nodeTypeId, pid: process.pid, at: Date.now() };
  appendFileSync(RECORD, JSON.stringify(line) + '\\n');
}

async function run(inputs, context) {
  const execution = randomUUID();
  const isAgain = inputs.again_ms !== undefined && readFileSync(RECORD, 'utf8').includes(context.nodeRunId);
  note('start', execution, context);
  await sleep(isAgain ? inputs.again_ms : inputs.ms, undefined, { signal: context.signal });
  note('end', execution, context);
  return { echo: inputs, pid: process.pid };
}

const ids = ${JSON.stringify(Object.values(CHAOS_NODES))};
export default { id: 'test.chaos', version: '${CHAOS_VERSION}', nodes: ids.map((id) => ({ id, run })) };
`;
}

function parse(text: string): Execution[] {
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
  const ends = new Map(lines.flatMap(({ what, execution, at }) => (what === 'end' ? [[execution, at] as const] : [])));
  return lines
    .filter(({ what }) => what === 'start')
    .map(({ execution, node_run_id, node_type_id, pid, at }) => {
      const endedAt = ends.get(execution);
      return {
        nodeRunId: node_run_id,
        nodeTypeId: node_type_id,
        pid,
        startedAt: at,
        ...(endedAt === undefined ? {} : { endedAt }),
      };
    });
}
