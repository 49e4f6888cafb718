import { manifestOf } from '@arp-jarvis/node-pack-sdk';
import type { Node } from '@arp-jarvis/node-pack-sdk';
import { compileSchema, openInProcess } from '@arp-jarvis/node-pack-sdk/runtime';
import type { AdmittedPack, InProcessOptions } from '@arp-jarvis/node-pack-sdk/runtime';
import type { LoadedPacks } from '#node-pack-loader';

/** Handlers by node type id: nodes made by `defineNode`, or plain functions that take and give any object. */
export type GivenHandlers = Readonly<Record<string, Node | Node['run']>>;

const ANY_OBJECT = { type: 'object', additionalProperties: true } as const;

/**
 * What an application gives as a pack of its own, which runs in this process.
 *
 * @param version of all its node types
 * @throws TypeError when a node is given under another id than its own
 */
export function packsOfHandlers(handlers: GivenHandlers, version: string, options: InProcessOptions): LoadedPacks {
  const nodes = Object.entries(handlers).map(([id, handler]): Node => {
    if (typeof handler === 'function') return functionAsNode(id, handler);
    if (handler.id !== id) throw new TypeError(`handlers: the node ${handler.id} is given as ${id}`);
    return handler;
  });
  const host = openInProcess(new Map(nodes.map((node) => [node.id, node])), options);
  const manifest = manifestOf({ id: 'handlers', version, nodes });
  const pack: AdmittedPack = {
    packId: 'handlers',
    version,
    packageName: 'handlers',
    folder: '',
    entryFile: '',
    isDependency: false,
    isFirstParty: true,
    manifest,
    nodes: manifest.nodes.map((node) => ({
      manifest: node,
      validateInputs: compileSchema(node.input_schema),
      validateOutputs: compileSchema(node.output_schema),
    })),
  };
  const loaded = { pack, host };
  return {
    packs: [loaded],
    nodes: new Map(pack.nodes.map((node) => [node.manifest.id, { ...loaded, ...node }])),
    refusals: [],
  };
}

/** Nothing is known of a function: it may do anything, so it is not repeated by itself. */
function functionAsNode(id: string, run: Node['run']): Node {
  return {
    id,
    description: `The handler ${id} of this application.`,
    input: ANY_OBJECT,
    output: ANY_OBJECT,
    sideEffect: 'write',
    trustTier: 'first_party',
    idempotent: false,
    run,
  };
}
