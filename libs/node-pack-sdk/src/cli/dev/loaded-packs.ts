import { checkHandlers, moduleFailed } from '../../admission/admission.js';
import type { AdmittedPack } from '../../admission/admission.js';
import type { UpstreamMode } from '../../http/mock-upstream.js';
import type { OfferedNode } from '../../runtime/execution.js';
import { openIsolated } from '../../runtime/isolated-host.js';
import { toNodeType } from '../../runtime/node-type.js';
import type { PackHost } from '../../runtime/pack-host.js';
import { schemasOf } from '../../runtime/schema-check.js';
import type { Output } from '../output.js';
import { readPacks } from '../pack-package.js';

/** The packs of a package, with their code at work in processes of its own. */
export interface LoadedPacks {
  readonly packs: readonly AdmittedPack[];
  /** By node type id. */
  readonly nodes: ReadonlyMap<string, OfferedNode>;
  close(): Promise<void>;
}

// As an executor has them by default.
const MEMORY_MB = 256;
const MAX_PROCESSES = 4;
const GRACE_MS = 1_000;
const START_TIMEOUT_MS = 30_000;
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;
const MAX_ARTIFACT_BYTES = 64 * 1024 * 1024;

/**
 * Loads the packs of a package as an executor does, all or none. What a pack says it needs is granted; files only in its own folder.
 *
 * @throws Refused
 */
export async function loadPacks(folder: string, output: Output, upstream: UpstreamMode = 'live'): Promise<LoadedPacks> {
  const packs = readPacks(folder);
  const hosts: PackHost[] = [];
  const close = async () => {
    await Promise.all(hosts.map((host) => host.close()));
  };
  const nodes = new Map<string, OfferedNode>();
  try {
    for (const pack of packs) {
      const host = await open(pack, output, upstream);
      hosts.push(host);
      checkHandlers(pack, host.handlerIds);
      for (const node of pack.nodes) nodes.set(node.manifest.id, { ...node, host, pack });
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { packs, nodes, close };
}

/** As `GET /v1/node-types` answers. */
export function nodeTypesOf({ nodes }: LoadedPacks): ReturnType<typeof toNodeType>[] {
  return [...nodes.values()]
    .map((node) => toNodeType(node.pack, node))
    .sort((a, b) => (a.node_type_id < b.node_type_id ? -1 : 1));
}

async function open(pack: AdmittedPack, output: Output, upstream: UpstreamMode): Promise<PackHost> {
  const { packId, folder, entryFile, manifest } = pack;
  const { permissions = [], memory_mb = MEMORY_MB } = manifest;
  try {
    return await openIsolated({
      packId,
      folder,
      entryFile,
      schemas: schemasOf(manifest.nodes),
      memoryMb: Math.min(memory_mb, MEMORY_MB),
      maxProcesses: MAX_PROCESSES,
      graceMs: GRACE_MS,
      startTimeoutMs: START_TIMEOUT_MS,
      maxOutputBytes: MAX_OUTPUT_BYTES,
      maxArtifactBytes: MAX_ARTIFACT_BYTES,
      grants: {
        filesRead: permissions.includes('files.read') ? [folder] : [],
        filesWrite: permissions.includes('files.write') ? [folder] : [],
        childProcess: permissions.includes('child_process'),
        workerThreads: permissions.includes('worker_threads'),
        nativeAddons: permissions.includes('native_addons'),
      },
      upstream,
      log: (level, message, fields) => {
        const rest = fields === undefined ? '' : ` ${JSON.stringify(fields)}`;
        output.line(`${packId} ${level}: ${message}${rest}`);
      },
    });
  } catch (error) {
    throw moduleFailed(pack, error);
  }
}
