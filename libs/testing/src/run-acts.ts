import fc from 'fast-check';
import type { ConstraintEnvelope } from '#contract';

/** One thing that somebody does. `node` and `who` are picked among what there is. */
export type RunAct =
  | { readonly do: 'create'; readonly node: number; readonly keys: readonly number[]; readonly composite: boolean }
  | { readonly do: 'begin'; readonly node: number; readonly who: number }
  | {
      readonly do: 'accept' | 'release' | 'recover' | 'uncertain';
      readonly node: number;
      readonly stale: boolean;
    }
  | { readonly do: 'retry'; readonly node: number; readonly stale: boolean; readonly isUnsent: boolean }
  | {
      readonly do: 'finish';
      readonly node: number;
      readonly stale: boolean;
      readonly succeeds: boolean;
      readonly cost: number;
    }
  | { readonly do: 'complete'; readonly node: number; readonly succeeds: boolean }
  | { readonly do: 'evaluate'; readonly node: number; readonly key: number | undefined }
  | { readonly do: 'refuse' | 'expire'; readonly node: number }
  | { readonly do: 'park'; readonly node: number }
  | {
      readonly do: 'decide';
      readonly node: number;
      readonly start: boolean;
      readonly approves: boolean;
      readonly late: boolean;
    }
  | { readonly do: 'expire approval'; readonly node: number; readonly start: boolean }
  | { readonly do: 'cancel' }
  | { readonly do: 'start again'; readonly same: boolean };

const node = fc.nat(7);
const stale = fc.boolean();
/** Any of them. */
export const runActs: fc.Arbitrary<RunAct> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('create' as const),
      node,
      keys: fc.array(fc.nat(4), { minLength: 1, maxLength: 3 }),
      composite: fc.boolean(),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('begin' as const), node, who: fc.nat(1) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('accept' as const, 'release' as const, 'recover' as const, 'uncertain' as const),
      node,
      stale,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('retry' as const), node, stale, isUnsent: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('finish' as const), node, stale, succeeds: fc.boolean(), cost: fc.nat(3) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('complete' as const), node, succeeds: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('evaluate' as const), node, key: fc.option(fc.nat(1), { nil: undefined }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('refuse' as const, 'expire' as const), node }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('park' as const), node }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('decide' as const),
      node,
      start: fc.boolean(),
      approves: fc.boolean(),
      late: fc.nat(9).map((tenth) => tenth === 0),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('expire approval' as const), node, start: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ do: 'cancel' as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('start again' as const), same: fc.boolean() }) },
);
/** Constraints of a run that some acts run into. */
export const runConstraints: fc.Arbitrary<ConstraintEnvelope | undefined> = fc.constantFrom(
  undefined,
  { structural: { max_depth: 1, max_children_per_composite: 3 } },
  { structural: { max_total_nodes_per_run: 4, max_decomposition_rounds_per_node: 2 } },
  { budgets: { max_steps: 4 } },
  { budgets: { max_cost: 4, max_wall_time_ms: 3_600_000 } },
  { candidates: { denied_node_type_ids: ['test.denied'] } },
);
