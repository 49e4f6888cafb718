import { importPack, mockUpstreamOf, openInProcess, openIsolated, schemasOf } from '@arp-jarvis/node-pack-sdk/runtime';
import type { AdmittedPack, PackHost, UpstreamMode } from '@arp-jarvis/node-pack-sdk/runtime';
import type { Logger } from '#http';
import { isNamed } from '#node-pack-loader';
import { grantsOf } from './grants.js';
import type { readGrants } from './grants.js';

/** How the code of packs is run. */
export interface PackRunOptions {
  /** Packages beside the first-party ones that run in this process, as `isNamed` names them. */
  readonly inProcess: readonly string[];
  readonly grants: ReturnType<typeof readGrants>;
  readonly memoryMb: number;
  readonly maxProcesses: number;
  readonly graceMs: number;
  readonly maxOutputBytes: number;
  readonly maxArtifactBytes: number;
  /** Longest time the module of a pack may take to load, in milliseconds. */
  readonly loadTimeoutMs: number;
  /** Who answers what nodes call with `ctx.http`. */
  readonly upstream: UpstreamMode;
}

/**
 * Loads the code of a pack: in this process when it is the suite's own or the operator trusts it as much, else in processes of its own.
 *
 * @throws Error with the reason, as a clause
 */
export async function openPack(pack: AdmittedPack, options: PackRunOptions, logger: Logger): Promise<PackHost> {
  const { packId, packageName, folder, entryFile, manifest } = pack;
  const { graceMs, maxOutputBytes, loadTimeoutMs, upstream } = options;
  if (pack.isFirstParty || isNamed(options.inProcess, { ...pack, name: packageName })) {
    const { handlers, pack: module } = await importPack(entryFile, packId, loadTimeoutMs);
    const mockUpstream = mockUpstreamOf(upstream, module);
    return openInProcess(handlers, {
      graceMs,
      maxOutputBytes,
      ...(mockUpstream === undefined ? {} : { mockUpstream }),
    });
  }
  return openIsolated({
    packId,
    folder,
    entryFile,
    schemas: schemasOf(manifest.nodes),
    memoryMb: Math.min(manifest.memory_mb ?? options.memoryMb, options.memoryMb),
    maxProcesses: options.maxProcesses,
    graceMs,
    startTimeoutMs: loadTimeoutMs,
    maxOutputBytes,
    maxArtifactBytes: options.maxArtifactBytes,
    upstream,
    grants: grantsOf(options.grants, packId, manifest.permissions),
    log: (level, message, fields = {}) => logger[level]({ ...fields, pack_id: packId }, message),
  });
}
