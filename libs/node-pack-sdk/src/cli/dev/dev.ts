import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { posix, resolve } from 'node:path';
import { declaredPacks } from '../../admission/package-metadata.js';
import { Refused } from '../../admission/refusal.js';
import type { UpstreamMode } from '../../http/mock-upstream.js';
import type { Output } from '../output.js';
import { openPackage, readPackageJson } from '../pack-package.js';
import { buildAll } from './build-step.js';
import { readCredentials } from './credentials-file.js';
import { DevExecutor } from './dev-executor.js';
import { createDevServer } from './dev-server.js';
import { loadPacks } from './loaded-packs.js';
import type { LoadedPacks } from './loaded-packs.js';
import { snapshotOf, SourceWatch } from './source-watch.js';
import { whatChanged } from './what-changed.js';

export interface DevOptions {
  /** 0: any that is free. */
  readonly port: number;
  readonly host: string;
  /** Command that builds the code. Default: `npm run build`, when package.json has that script. */
  readonly build?: string;
  /** JSON file with credentials by name, relative to the folder. Default: there are none. */
  readonly credentials?: string;
  /** Who answers `ctx.http`. Default `live`. */
  readonly upstream?: UpstreamMode;
  /** Ends everything. */
  readonly signal: AbortSignal;
  /** How often sources are looked at, in milliseconds. Default 300. */
  readonly everyMs?: number;
}

/**
 * Serves the packs of a package, and again after each change of its sources. Resolves when the signal has fired and everything has ended.
 *
 * @throws Refused when there is no package with packs
 * @throws Error when the port cannot be had, or the file of credentials cannot be read
 */
export async function devCommand(folder: string, output: Output, options: DevOptions): Promise<void> {
  const { signal, everyMs = 300, upstream = 'live' } = options;
  openPackage(folder);
  const credentials = options.credentials === undefined ? {} : readCredentials(resolve(folder, options.credentials));
  const executor = new DevExecutor(output, credentials);
  let problem: string | undefined = 'The pack is being built.';
  const server = createDevServer(executor, () => ({ problem }));
  const address = await listen(server, options);
  output.line(`Atomic executor for development at ${address}; Ctrl+C ends it.`);

  const sources = new SourceWatch(() => snapshotOf(folder, generatedBy(folder)));
  const reload = async () => {
    try {
      await sources.during(() => buildAll(folder, options.build ?? buildScript(folder), signal));
      const packs = await loadPacks(folder, output, upstream);
      tellLoaded(executor.loaded, packs, output);
      const isFirst = executor.loaded === undefined;
      executor.use(packs);
      problem = undefined;
      if (isFirst) output.line(`\nTry it:\n  ${curlFor(packs, address)}\n`);
    } catch (error) {
      if (signal.aborted) return;
      problem = sentenceOf(error);
      const still = executor.loaded === undefined ? '' : ' The last good version keeps serving.';
      output.marked('fail', `${problem}${still}`);
    }
  };
  try {
    await reload();
    for (;;) {
      await sources.nextChange(everyMs, signal);
      await reload();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    server.close();
    server.closeAllConnections();
    await executor.close();
  }
}

async function listen(server: ReturnType<typeof createDevServer>, { port, host, signal }: DevOptions): Promise<string> {
  server.listen(port, host);
  try {
    await once(server, 'listening', { signal });
  } catch (error) {
    if ((error as { code?: string }).code !== 'EADDRINUSE') throw error;
    throw new Error(`Port ${port} of ${host} is in use; choose another with --port.`, { cause: error });
  }
  const { address, port: given, family } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${given}`;
}

function buildScript(folder: string): string | undefined {
  const { scripts } = readPackageJson(folder) as { scripts?: { build?: unknown } };
  return typeof scripts?.build === 'string' ? 'npm run --silent build' : undefined;
}

/** What is written by builds: manifests, and the folders of the entries when there is a build that writes them. */
function generatedBy(folder: string): ReadonlySet<string> {
  try {
    const declared = declaredPacks(openPackage(folder)).map(({ entry, manifest }) => ({
      entry: posix.normalize(entry).split('/'),
      manifest: posix.normalize(manifest),
    }));
    const isBuilt = buildScript(folder) !== undefined;
    const folders = declared.flatMap(({ entry: [first = ''], entry }) => (isBuilt && entry.length > 1 ? [first] : []));
    return new Set([...declared.map(({ manifest }) => manifest), ...folders]);
  } catch {
    // The reload tells what is wrong with package.json.
    return new Set();
  }
}

function tellLoaded(before: LoadedPacks | undefined, now: LoadedPacks, output: Output): void {
  for (const { packId, version, nodes } of now.packs) {
    output.marked('ok', `loaded ${packId} ${version} with ${nodes.map(({ manifest }) => manifest.id).join(', ')}`);
  }
  if (before === undefined) return;
  const changes = whatChanged(
    before.packs.map(({ manifest }) => manifest),
    now.packs.map(({ manifest }) => manifest),
  );
  output.line(`     ${changes.length === 0 ? 'the manifest is the same, the code is new' : changes.join('; ')}`);
}

/** A command line that runs the first example there is. */
function curlFor({ nodes }: LoadedPacks, address: string): string {
  const all = [...nodes.values()];
  const node = all.find(({ manifest }) => manifest.examples?.some(({ error }) => error === undefined)) ?? all[0];
  const body = {
    run_id: 'dev',
    node_run_id: 'dev-1',
    node_type_ref: { node_type_id: node?.manifest.id, version: node?.pack.version },
    inputs: node?.manifest.examples?.find(({ error }) => error === undefined)?.inputs ?? {},
  };
  const quoted = JSON.stringify(body).replaceAll("'", `'\\''`);
  return `curl -s ${address}/v1/atomic-node-runs:execute -H 'content-type: application/json' -d '${quoted}'`;
}

function sentenceOf(error: unknown): string {
  const code = error instanceof Refused ? `${error.code}: ` : '';
  return `${code}${error instanceof Error ? error.message : String(error)}`;
}
