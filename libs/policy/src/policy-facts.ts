import type { NodeKind, NodeType } from '#contract';
import { policyValue } from './policy-value.js';
import type { JsonObject, JsonValue } from './engine/policy-engine.js';

/** What a policy is told of a node type. What nobody tells is absent. */
export interface NodeTypePolicyFacts {
  readonly kind?: NodeKind;
  readonly side_effect?: JsonValue;
  readonly trust_tier?: JsonValue;
  /** What it says of the network. */
  readonly egress?: JsonValue;
  readonly tags?: JsonValue;
  /** Its other extensions under `jarvis.`, without that prefix. */
  readonly jarvis?: JsonObject;
}

/** What the service that asks knows by itself, beside the request. */
export interface PolicyFacts {
  /** The run context says of who asked what a verified token said. Default false: then a policy is told of no principal. */
  readonly isIdentityVerified?: boolean;
  readonly nodeType?: NodeTypePolicyFacts;
}

const PREFIX = 'jarvis.';
/** Documentation for people, as large as its author likes. */
const NOT_FOR_POLICIES = ['examples'];

/** What a node type tells a policy, by its kind and its extensions. */
export function nodeTypePolicyFacts({ kind, extensions = {} }: NodeType): NodeTypePolicyFacts {
  const jarvis = Object.fromEntries(
    Object.entries(extensions)
      .filter(([key]) => key.startsWith(PREFIX))
      .map(([key, value]) => [key.slice(PREFIX.length), policyValue(value)] as const)
      .filter(([name, value]) => value !== undefined && !NOT_FOR_POLICIES.includes(name)),
  );
  const said = (name: string, value: JsonValue | undefined) => (value === undefined ? {} : { [name]: value });
  return {
    kind,
    ...said('side_effect', jarvis['side_effect']),
    ...said('trust_tier', jarvis['trust_tier']),
    ...said('egress', jarvis['egress'] ?? jarvis['egress_policy']),
    ...said('tags', jarvis['tags']),
    jarvis,
  };
}
