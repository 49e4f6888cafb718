import { SIDE_EFFECT_CLASSES } from '#contract';
import type { AtomicExecutorApi, NodeType, SideEffectClass } from '#contract';
import type { ToolAction } from './tool-action.js';
import { toolNameOf } from './tool-name.js';

/** The node types of an executor as tools; what is not atomic, or has no name that can be called, is none. */
export function toolActionsOf(nodeTypes: readonly NodeType[], executor: AtomicExecutorApi): ToolAction[] {
  return nodeTypes.flatMap((nodeType) => {
    const { node_type_id, version, kind, input_schema, extensions = {} } = nodeType;
    const name = toolNameOf(node_type_id, extensions['jarvis.pack_id']);
    if (kind !== 'atomic' || name === undefined) return [];
    return [
      {
        ...name,
        nodeType: { node_type_id, version },
        sideEffect: sideEffectOf(extensions['jarvis.side_effect']),
        isIdempotent: extensions['jarvis.idempotent'] === true,
        credentials: stringsOf(extensions['jarvis.credentials']),
        egress: stringsOf(extensions['jarvis.egress_policy']),
        inputSchema: input_schema ?? {},
        executor,
      },
    ];
  });
}

function sideEffectOf(said: unknown): SideEffectClass {
  return SIDE_EFFECT_CLASSES.find((one) => one === said) ?? 'write';
}

function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
