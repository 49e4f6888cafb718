import { SIDE_EFFECT_CLASSES } from '#contract';
import type { ConstraintEnvelope, SideEffectClass } from '#contract';

type Numbers<K extends string> = { readonly [P in K]?: number };

/**
 * Merges envelopes so that the result allows nothing that one of them forbids: of numbers the lowest, of allow lists what is in
 * all, of deny lists what is in any, approval when one asks for it, and of side-effect ceilings the lowest. Absent means no limit.
 * Of extensions the later ones win: their meaning is not known here.
 *
 * Laws (constraints.spec.ts): order does not matter, merging a thing with itself changes nothing, and a merge never widens.
 */
export function mergeConstraints(
  ...envelopes: readonly (ConstraintEnvelope | null | undefined)[]
): ConstraintEnvelope | undefined {
  const given = envelopes.filter((envelope) => envelope !== undefined && envelope !== null);
  if (given.length === 0) return undefined;
  const structural = lowest(
    given.map((envelope) => envelope.structural),
    ['max_depth', 'max_children_per_composite', 'max_total_nodes_per_run', 'max_decomposition_rounds_per_node'],
  );
  const budgets = lowest(
    given.map((envelope) => envelope.budgets),
    ['max_wall_time_ms', 'max_steps', 'max_external_calls', 'max_cost'],
  );
  const candidates = mergeCandidates(given);
  const gates = mergeGates(given);
  const extensions = Object.assign({}, ...given.map((envelope) => envelope.extensions)) as Record<string, unknown>;
  return {
    ...(isEmpty(structural) ? {} : { structural }),
    ...(isEmpty(candidates) ? {} : { candidates }),
    ...(isEmpty(budgets) ? {} : { budgets }),
    ...(isEmpty(gates) ? {} : { gates }),
    ...(isEmpty(extensions) ? {} : { extensions }),
  };
}

function mergeCandidates(given: readonly ConstraintEnvelope[]): NonNullable<ConstraintEnvelope['candidates']> {
  const candidates = given.map((envelope) => envelope.candidates);
  const allowed = candidates.flatMap((one) =>
    one?.allowed_node_type_ids === undefined ? [] : [one.allowed_node_type_ids],
  );
  const denied = candidates.flatMap((one) => one?.denied_node_type_ids ?? []);
  const isDenied = candidates.some((one) => one?.denied_node_type_ids !== undefined);
  const common = [...new Set(allowed[0] ?? [])].filter((id) => allowed.every((list) => list.includes(id)));
  return {
    ...lowest(candidates, ['max_candidates_per_subtask']),
    ...(allowed.length === 0 ? {} : { allowed_node_type_ids: common.sort() }),
    ...(isDenied ? { denied_node_type_ids: [...new Set(denied)].sort() } : {}),
  };
}

function mergeGates(given: readonly ConstraintEnvelope[]): NonNullable<ConstraintEnvelope['gates']> {
  const gates = given.flatMap(({ gates: one }) => (one === undefined ? [] : [one]));
  const ranks = gates.flatMap(({ side_effect_class }) =>
    side_effect_class === undefined ? [] : [SIDE_EFFECT_CLASSES.indexOf(side_effect_class)],
  );
  const ceiling = ranks.length === 0 ? undefined : SIDE_EFFECT_CLASSES[Math.min(...ranks)];
  const asked = gates.some(({ require_approval }) => require_approval !== undefined);
  return {
    ...(ceiling === undefined ? {} : { side_effect_class: ceiling }),
    ...(asked ? { require_approval: gates.some(({ require_approval }) => require_approval === true) } : {}),
  };
}

/** Why a node type may not be a candidate; undefined when it may. An empty allow list allows nothing. */
export function candidateRefusal(
  constraints: ConstraintEnvelope | null | undefined,
  nodeTypeId: string,
): 'node_type_denied' | 'node_type_not_allowed' | undefined {
  const { allowed_node_type_ids: allowed, denied_node_type_ids: denied } = constraints?.candidates ?? {};
  if (denied?.includes(nodeTypeId) === true) return 'node_type_denied';
  return allowed === undefined || allowed.includes(nodeTypeId) ? undefined : 'node_type_not_allowed';
}

/** Whether a node type's side effect is within the ceiling. One that is not known is taken for the gravest. */
export function isWithinCeiling(
  constraints: ConstraintEnvelope | null | undefined,
  sideEffect: SideEffectClass | undefined,
): boolean {
  const ceiling = constraints?.gates?.side_effect_class;
  if (ceiling === undefined) return true;
  return SIDE_EFFECT_CLASSES.indexOf(sideEffect ?? 'irreversible') <= SIDE_EFFECT_CLASSES.indexOf(ceiling);
}

function lowest<K extends string>(all: readonly (Numbers<K> | undefined)[], names: readonly K[]): Numbers<K> {
  const found: { [P in K]?: number } = {};
  for (const name of names) {
    const values = all.flatMap((one) => (one?.[name] === undefined ? [] : [one[name]]));
    if (values.length > 0) found[name] = Math.min(...values);
  }
  return found;
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0;
}
