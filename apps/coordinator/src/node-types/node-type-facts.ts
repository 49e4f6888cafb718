import { kindByPrefix, SIDE_EFFECT_CLASSES } from '#contract';
import type { ConstraintEnvelope, NodeKind, NodeType, SideEffectClass } from '#contract';
import { nodeTypePolicyFacts } from '#policy';
import type { NodeTypePolicyFacts } from '#policy';
import type { RetryPolicy } from '../lifecycle/retry-decision.js';
import { readRetryPolicy } from './retry-policy.js';

/** What the coordinator needs to know of a node type. */
export interface NodeTypeFacts {
  /** undefined when nothing tells. */
  readonly kind: NodeKind | undefined;
  /** `extensions["jarvis.side_effect"]`; undefined when nothing tells. */
  readonly sideEffect: SideEffectClass | undefined;
  /** Whether executing it twice does no more than once: it only reads, or `extensions["jarvis.idempotent"]` is true. */
  readonly idempotent: boolean;
  /** `extensions["jarvis.retry"]` */
  readonly retry: RetryPolicy | undefined;
  /** Limits that hold for every node run of this type. */
  readonly constraints: ConstraintEnvelope | undefined;
  /** `extensions["jarvis.timeout_ms"]`: how long one execution may take, in milliseconds. */
  readonly timeoutMs: number | undefined;
  /** What policies are told of it. */
  readonly policy: NodeTypePolicyFacts;
}

/** Node's timers take no longer time, in milliseconds. */
export const MAX_TIMEOUT_MS = 2_147_483_647;

/** Reads the facts out of a node type; an extension that is not what it should be counts as absent. */
export function factsOf(nodeType: NodeType): NodeTypeFacts {
  const { kind, constraints, extensions = {} } = nodeType;
  const sideEffect = SIDE_EFFECT_CLASSES.find((one) => one === extensions['jarvis.side_effect']);
  return {
    kind,
    sideEffect,
    idempotent: sideEffect === 'read' || extensions['jarvis.idempotent'] === true,
    retry: readRetryPolicy(extensions['jarvis.retry']),
    constraints,
    timeoutMs: readTimeout(extensions['jarvis.timeout_ms']),
    policy: nodeTypePolicyFacts(nodeType),
  };
}

/** What the id alone says: the kind, by its prefix. */
export function factsByPrefix(nodeTypeId: string): NodeTypeFacts {
  const kind = kindByPrefix(nodeTypeId);
  return {
    kind,
    sideEffect: undefined,
    idempotent: false,
    retry: undefined,
    constraints: undefined,
    timeoutMs: undefined,
    policy: kind === undefined ? {} : { kind },
  };
}

function readTimeout(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 1 ? Math.floor(Math.min(value, MAX_TIMEOUT_MS)) : undefined;
}
