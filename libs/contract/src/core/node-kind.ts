/** Whether a node type does its work itself or decomposes it. (`core/node_kind.schema.json`) */
export const NODE_KINDS = ['atomic', 'composite'] as const;

export type NodeKind = (typeof NODE_KINDS)[number];

const PREFIXES: readonly (readonly [string, NodeKind])[] = [
  ['atomic.', 'atomic'],
  ['composite.', 'composite'],
  ['jarvis.composite.', 'composite'],
];

/** What an id tells by itself: the kind, by the prefixes `atomic.`, `composite.` and `jarvis.composite.`. */
export function kindByPrefix(nodeTypeId: string): NodeKind | undefined {
  return PREFIXES.find(([prefix]) => nodeTypeId.startsWith(prefix))?.[1];
}
