import type { Extensions } from '../common/extensions.js';
import {
  BooleanField,
  EnumField,
  ExtensionsField,
  IntegerField,
  NumberField,
  ObjectField,
  StringArrayField,
} from '../fields/fields.js';

/** How far an act reaches, least first; a constraint names the most that is allowed. */
export const SIDE_EFFECT_CLASSES = ['read', 'write', 'irreversible'] as const;

export type SideEffectClass = (typeof SIDE_EFFECT_CLASSES)[number];

/** Limits on the tree of node runs. */
export class StructuralConstraints {
  @IntegerField({ minimum: 0, optional: true, description: 'The root has depth 0.' })
  max_depth?: number;

  @IntegerField({ minimum: 0, optional: true })
  max_children_per_composite?: number;

  @IntegerField({ minimum: 0, optional: true })
  max_total_nodes_per_run?: number;

  @IntegerField({ minimum: 0, optional: true })
  max_decomposition_rounds_per_node?: number;
}

/** Limits on which node types may be chosen. */
export class CandidateConstraints {
  @IntegerField({ minimum: 1, optional: true })
  max_candidates_per_subtask?: number;

  @StringArrayField({ optional: true })
  allowed_node_type_ids?: string[];

  @StringArrayField({ optional: true })
  denied_node_type_ids?: string[];
}

/** Limits on what may be spent. */
export class BudgetConstraints {
  @IntegerField({ minimum: 0, optional: true, description: 'Milliseconds from the start of the run.' })
  max_wall_time_ms?: number;

  @IntegerField({ minimum: 0, optional: true })
  max_steps?: number;

  @IntegerField({ minimum: 0, optional: true })
  max_external_calls?: number;

  @NumberField({ minimum: 0, optional: true, description: 'In the unit that results report.' })
  max_cost?: number;
}

/** What must not happen without more. */
export class GateConstraints {
  @EnumField(SIDE_EFFECT_CLASSES, { optional: true, description: 'The most that is allowed.' })
  side_effect_class?: SideEffectClass;

  @BooleanField({ optional: true })
  require_approval?: boolean;
}

/**
 * Limits on what a run or node run may do. Merging envelopes only ever narrows.
 * (`core/constraint_envelope.schema.json`)
 */
export class ConstraintEnvelope {
  @ObjectField(() => StructuralConstraints, { optional: true })
  structural?: StructuralConstraints;

  @ObjectField(() => CandidateConstraints, { optional: true })
  candidates?: CandidateConstraints;

  @ObjectField(() => BudgetConstraints, { optional: true })
  budgets?: BudgetConstraints;

  @ObjectField(() => GateConstraints, { optional: true })
  gates?: GateConstraints;

  @ExtensionsField()
  extensions?: Extensions;
}
