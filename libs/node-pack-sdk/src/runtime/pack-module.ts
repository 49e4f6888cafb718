import { pathToFileURL } from 'node:url';
import type { Node } from '../define-node.js';
import type { Pack } from '../define-pack.js';

/** A pack as its module exports it; nothing of it is trusted to be what the SDK would have made of it. */
export interface PackModule {
  readonly pack: Pack;
  /** By node id; of those nodes that have a handler. */
  readonly handlers: ReadonlyMap<string, Pick<Node, 'run'>>;
}

/**
 * Imports the module of a pack, ESM or CommonJS: runs its code.
 *
 * @param timeoutMs a module with a top-level await that never settles would otherwise keep everybody waiting
 * @throws Error with what is wrong, as a clause: "its default export is not the pack acme.math"
 */
export async function importPack(file: string, packId: string, timeoutMs: number): Promise<PackModule> {
  const module = await importWithin(file, timeoutMs);
  // A CommonJS module's `exports.default` arrives one level deeper.
  const outer = module.default as (Partial<Pack> & { default?: Partial<Pack> }) | undefined;
  const pack = outer?.nodes === undefined ? outer?.default : outer;
  if (pack?.id !== packId || !Array.isArray(pack.nodes)) {
    throw new Error(`its default export is not the pack ${packId}: export default definePack({ id: '${packId}', … })`);
  }
  const handlers = (pack.nodes as readonly (Node | null | undefined)[]).flatMap((node): [string, Node][] => {
    if (typeof node?.id !== 'string') throw new Error('one of its nodes has no id');
    return typeof node.run === 'function' ? [[node.id, node]] : [];
  });
  return { pack: pack as Pack, handlers: new Map(handlers) };
}

async function importWithin(file: string, timeoutMs: number): Promise<{ default?: unknown }> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not finish loading within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([import(pathToFileURL(file).href) as Promise<{ default?: unknown }>, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** First line of what an error says, without the stop at its end: it becomes part of a sentence. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.split('\n')[0] ?? '').replace(/\.$/, '') || 'no reason was given';
}
