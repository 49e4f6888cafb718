/** Whether a node type does its work itself or decomposes it. (`core/node_kind.schema.json`) */
export const NODE_KINDS = ['atomic', 'composite'] as const;

export type NodeKind = (typeof NODE_KINDS)[number];
