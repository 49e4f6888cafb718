import { isList, lookUp } from './context.js';
import { booleanOf, OPERATORS } from './operators.js';
import type { Comparison, Operator } from './operators.js';
import type { JsonObject, JsonValue } from './policy-engine.js';

/** `error`: a value is there that the operator cannot compare. */
export type Truth = 'true' | 'false' | 'error';

/** One operator on one key. All conditions of a statement must hold; of the values of one, any. */
export interface Condition {
  /** As the file has it, with prefix and suffix. */
  readonly operator: string;
  readonly key: string;
  readonly expected: readonly JsonValue[];
  readonly holds: (context: JsonObject) => Truth;
  readonly actual: (context: JsonObject) => JsonValue | undefined;
}

const PRESENCE = ['Null', 'Exists'];
const PREFIXES = ['ForAnyValue:', 'ForAllValues:'] as const;
const SUFFIX = 'IfExists';

/** Names of all operators, without prefixes and suffixes. */
export const OPERATOR_NAMES: readonly string[] = [...OPERATORS.keys(), ...PRESENCE];

export interface OperatorName {
  readonly base: string;
  readonly quantifier?: 'any' | 'all';
  readonly ifExists: boolean;
}

/** Takes `ForAnyValue:StringLikeIfExists` apart; undefined when there is no such operator. */
export function readOperator(name: string): OperatorName | undefined {
  const prefix = PREFIXES.find((candidate) => name.startsWith(candidate));
  const rest = name.slice(prefix?.length ?? 0);
  const ifExists = rest.endsWith(SUFFIX);
  const base = ifExists ? rest.slice(0, -SUFFIX.length) : rest;
  if (PRESENCE.includes(base)) return prefix === undefined && !ifExists ? { base, ifExists } : undefined;
  if (!OPERATORS.has(base)) return undefined;
  return { base, ifExists, ...(prefix === undefined ? {} : { quantifier: prefix === 'ForAnyValue:' ? 'any' : 'all' }) };
}

/** What a value of this operator must be, for an error. */
export function operatorTakes({ base }: OperatorName): string {
  return OPERATORS.get(base)?.takes ?? 'true or false';
}

/** @returns undefined when the operator does not take `expected`; see `operatorTakes` */
export function compileValue({ base }: OperatorName, expected: JsonValue, zone: string): Comparison | undefined {
  const operator = OPERATORS.get(base);
  if (operator !== undefined) return operator.compile(expected, zone);
  const wanted = booleanOf(expected);
  return wanted === undefined ? undefined : (present) => (base === 'Exists' ? present === wanted : present !== wanted);
}

/**
 * @param written the operator as the file has it
 * @param comparisons one for each of `expected`
 */
export function compileCondition(
  { base, quantifier, ifExists }: OperatorName,
  written: string,
  key: string,
  expected: readonly JsonValue[],
  comparisons: readonly Comparison[],
): Condition {
  const path = key.split('.');
  const operator = OPERATORS.get(base);
  const actual = (context: JsonObject) => lookUp(context, path);
  if (operator === undefined) {
    const holds = (context: JsonObject) =>
      anyOf(comparisons, (compare) => truth(compare(actual(context) !== undefined)));
    return { operator: written, key, expected, holds, actual };
  }
  const holds = (context: JsonObject): Truth => {
    const value = lookUp(context, path);
    if (value === undefined) return truth(ifExists || whenMissing(operator, quantifier));
    // One value by itself is any and all of the values.
    if (!isList(value)) return test(operator, comparisons, value);
    if (quantifier === 'any') return anyOf(value, (item) => test(operator, comparisons, item));
    if (quantifier === 'all') return opposite(anyOf(value, (item) => opposite(test(operator, comparisons, item))));
    // A list without a prefix: one that matches is enough, and "is not" is the opposite of that.
    const some = anyOf(value, (item) => matchesAny(comparisons, item));
    return operator.negated ? opposite(some) : some;
  };
  return { operator: written, key, expected, holds, actual };
}

/** Without a value nothing is equal and everything is "not"; "any of none" is false and "all of none" true. */
function whenMissing({ negated }: Operator, quantifier: OperatorName['quantifier']): boolean {
  return quantifier === undefined ? negated : quantifier === 'all';
}

function test({ negated }: Operator, comparisons: readonly Comparison[], item: JsonValue): Truth {
  const found = matchesAny(comparisons, item);
  return negated ? opposite(found) : found;
}

/** Written out, because it is most of what a decision costs. */
function matchesAny(comparisons: readonly Comparison[], item: JsonValue): Truth {
  let result: Truth = 'false';
  for (const compare of comparisons) {
    const found = compare(item);
    if (found === true) return 'true';
    if (found === undefined) result = 'error';
  }
  return result;
}

/** True wins over an error, and an error over false: what is certain does not depend on the order. */
function anyOf<T>(items: readonly T[], truthOf: (item: T) => Truth): Truth {
  let result: Truth = 'false';
  for (const item of items) {
    const found = truthOf(item);
    if (found === 'true') return 'true';
    if (found === 'error') result = 'error';
  }
  return result;
}

/** All conditions together: false wins over an error, and an error over true. */
export function allHold(conditions: readonly Condition[], context: JsonObject): Truth {
  let result: Truth = 'true';
  for (const { holds } of conditions) {
    const found = holds(context);
    if (found === 'false') return 'false';
    if (found === 'error') result = 'error';
  }
  return result;
}

function opposite(value: Truth): Truth {
  return value === 'error' ? 'error' : value === 'true' ? 'false' : 'true';
}

function truth(value: boolean | undefined): Truth {
  return value === undefined ? 'error' : value ? 'true' : 'false';
}
