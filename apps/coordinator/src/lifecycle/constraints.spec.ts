import fc from 'fast-check';
import type { ConstraintEnvelope } from '#contract';
import { candidateRefusal, isWithinCeiling, mergeConstraints } from './constraints.js';

const limit = fc.option(fc.nat(5), { nil: undefined });
const ids = fc.option(fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd')), { nil: undefined });
const record = (fields: Record<string, fc.Arbitrary<unknown>>) =>
  fc.record(fields).map((value) => Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)));
const envelope = fc
  .record(
    {
      structural: record({
        max_depth: limit,
        max_children_per_composite: limit,
        max_total_nodes_per_run: limit,
        max_decomposition_rounds_per_node: limit,
      }),
      candidates: record({ max_candidates_per_subtask: limit, allowed_node_type_ids: ids, denied_node_type_ids: ids }),
      budgets: record({ max_wall_time_ms: limit, max_steps: limit, max_external_calls: limit, max_cost: limit }),
      gates: record({
        side_effect_class: fc.constantFrom(undefined, 'read', 'write', 'irreversible'),
        require_approval: fc.constantFrom(undefined, true, false),
      }),
    },
    { requiredKeys: [] },
  )
  .map((value) => value as ConstraintEnvelope);

/** Every number, and the rest turned into numbers of which less allows less. */
function allowance(one: ConstraintEnvelope | undefined): Record<string, number> {
  const numbers = Object.entries({ ...one?.structural, ...one?.budgets });
  const sideEffects = ['read', 'write', 'irreversible'] as const;
  return {
    ...Object.fromEntries(numbers.filter((entry) => typeof entry[1] === 'number')),
    candidates: ['a', 'b', 'c', 'd', 'e'].filter((id) => candidateRefusal(one, id) === undefined).length,
    sideEffects: sideEffects.filter((sideEffect) => isWithinCeiling(one, sideEffect)).length,
    withoutApproval: one?.gates?.require_approval === true ? 0 : 1,
  };
}

describe('merging constraints', () => {
  it('only narrows: nothing is allowed that one of them forbids', () => {
    fc.assert(
      fc.property(envelope, envelope, (left, right) => {
        const merged = allowance(mergeConstraints(left, right));
        for (const part of [allowance(left), allowance(right)]) {
          for (const [name, value] of Object.entries(part)) expect(merged[name]).toBeLessThanOrEqual(value);
        }
        for (const id of ['a', 'b', 'c', 'd', 'e']) {
          const isRefused = [left, right].some((part) => candidateRefusal(part, id) !== undefined);
          expect(candidateRefusal(mergeConstraints(left, right), id) !== undefined).toBe(isRefused);
        }
      }),
    );
  });

  it('does not depend on the order, nor on how it is grouped, and merging with itself changes nothing more', () => {
    fc.assert(
      fc.property(envelope, envelope, envelope, (a, b, c) => {
        expect(mergeConstraints(a, b)).toEqual(mergeConstraints(b, a));
        expect(mergeConstraints(mergeConstraints(a, b), c)).toEqual(mergeConstraints(a, mergeConstraints(b, c)));
        expect(mergeConstraints(a, a)).toEqual(mergeConstraints(a));
      }),
    );
  });

  it('of nothing is nothing, and nothing adds nothing', () => {
    expect(mergeConstraints(undefined, null)).toBeUndefined();
    const one: ConstraintEnvelope = { structural: { max_depth: 2 } };
    expect(mergeConstraints(undefined, one, null)).toEqual(one);
  });

  it('takes the lowest ceiling of side effects', () => {
    const merged = mergeConstraints(
      { gates: { side_effect_class: 'irreversible' } },
      { gates: { side_effect_class: 'read' } },
      { gates: { side_effect_class: 'write' } },
    );
    expect(merged?.gates?.side_effect_class).toBe('read');
  });

  it('keeps an allow list that is empty: it allows nothing', () => {
    const merged = mergeConstraints(
      { candidates: { allowed_node_type_ids: ['a'] } },
      { candidates: { allowed_node_type_ids: ['b'] } },
    );
    expect(merged?.candidates?.allowed_node_type_ids).toEqual([]);
    expect(candidateRefusal(merged, 'a')).toBe('node_type_not_allowed');
  });

  it('takes an unknown side effect for the gravest', () => {
    expect(isWithinCeiling({ gates: { side_effect_class: 'write' } }, undefined)).toBe(false);
    expect(isWithinCeiling({ gates: { side_effect_class: 'irreversible' } }, undefined)).toBe(true);
    expect(isWithinCeiling(undefined, undefined)).toBe(true);
  });
});
