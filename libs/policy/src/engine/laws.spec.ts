import fc from 'fast-check';
import { loadPolicy } from './load-policy.js';
import { parsePolicyDocument } from './policy-document.js';
import type { JsonObject, JsonValue, PolicyEngine, PolicyQuery } from './policy-engine.js';
import { statementEngine } from './statement-engine.js';

const ACTIONS = ['run.start', 'run.cancel', 'node.run.execute', 'x'];
const RESOURCES = ['node_type:a.b', 'node_type:a.c', 'run:1', 'run:*'];
const TARGETS = {
  action: ['run.start', 'run.*', '*', '?', '*.execute', 'run.[!s]*', 'node.run.execute'],
  resource: ['*', 'node_type:*', 'node_type:a.[b-c]', 'node_type:a.b', 'run:?', 'run:1', '*.b', '[a-'],
};
const KEYS = ['node_type.kind', 'principal.roles', 'run.id', 'constraints.max_depth', 'constraints'];
const VALUES = ['atomic', 'composite', 'admin', 'a*', '1', '2026-11-20'];

const someOf = (values: string[]) =>
  fc.oneof(fc.constantFrom(...values), fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 }));
const keyed = (value: fc.Arbitrary<unknown>) =>
  fc.dictionary(fc.constantFrom(...KEYS), value, { minKeys: 1, maxKeys: 2 });

/** What the reference knows. */
const plainStatement = fc.record(
  {
    Sid: fc.constantFrom('A', 'B', 'C'),
    Effect: fc.constantFrom('Allow', 'Deny'),
    Action: someOf(TARGETS.action),
    Resource: someOf(TARGETS.resource),
    Condition: fc.record(
      { StringEquals: keyed(someOf(VALUES)), StringLike: keyed(someOf(VALUES)) },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['Effect', 'Action', 'Resource'] },
);
const anyStatement = fc
  .record(
    {
      Sid: fc.constantFrom('A', 'B', 'C'),
      Effect: fc.constantFrom('Allow', 'Allow', 'Deny', 'RequireApproval'),
      action: fc.tuple(fc.constantFrom('Action', 'Action', 'NotAction'), someOf(TARGETS.action)),
      resource: fc.tuple(fc.constantFrom('Resource', 'Resource', 'NotResource'), someOf(TARGETS.resource)),
      Condition: fc.record(
        {
          StringNotEquals: keyed(someOf(VALUES)),
          StringLike: keyed(someOf(VALUES)),
          'ForAllValues:StringEquals': keyed(someOf(VALUES)),
          NumericLessThan: keyed(fc.integer({ min: 0, max: 3 })),
          NumericGreaterThanIfExists: keyed(fc.integer({ min: 0, max: 3 })),
          Exists: keyed(fc.boolean()),
        },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: ['Effect', 'action', 'resource'] },
  )
  .map(({ action, resource, ...rest }) => ({ ...rest, [action[0]]: action[1], [resource[0]]: resource[1] }));

const value = fc.oneof(
  fc.constantFrom<JsonValue>('atomic', 'composite', 'admin', 'abc', 1, 2, true, null),
  fc.array(fc.constantFrom<JsonValue>('admin', 'user', 1), { maxLength: 3 }),
);
const query: fc.Arbitrary<PolicyQuery> = fc.record({
  action: fc.constantFrom(...ACTIONS),
  resource: fc.constantFrom(...RESOURCES),
  context: fc.record(
    {
      node_type: fc.record({ kind: value }, { requiredKeys: [] }),
      principal: fc.record({ roles: value }, { requiredKeys: [] }),
      run: fc.record({ id: value }, { requiredKeys: [] }),
      constraints: fc.oneof(fc.record({ max_depth: value }), fc.constant<JsonValue>('none')),
    },
    { requiredKeys: [] },
  ),
});

function engineOf(statements: readonly object[]): PolicyEngine {
  const { document, problems } = parsePolicyDocument(JSON.stringify({ Statement: statements }));
  if (document === undefined) throw new Error(JSON.stringify(problems));
  return statementEngine(document);
}
const statementsOf = (each: fc.Arbitrary<object>) => fc.array(each, { minLength: 1, maxLength: 8 });
const RUNS = { numRuns: 2_000 };

describe('laws of policies', () => {
  it('adding a Deny never allows more', () => {
    const strictness = { deny: 0, require_approval: 1, allow: 2 };
    const law = fc.property(
      statementsOf(anyStatement),
      anyStatement,
      fc.nat(8),
      query,
      (statements, added, at, asked) => {
        const before = engineOf(statements).decide(asked).decision;
        const after = engineOf(statements.toSpliced(at, 0, { ...added, Effect: 'Deny' })).decide(asked).decision;
        expect(strictness[after]).toBeLessThanOrEqual(strictness[before]);
      },
    );
    fc.assert(law, RUNS);
  });

  it('the order of statements changes neither decision nor reason', () => {
    const shuffled = statementsOf(anyStatement).chain((statements) =>
      fc.tuple(fc.constant(statements), fc.shuffledSubarray(statements, { minLength: statements.length })),
    );
    const law = fc.property(shuffled, query, ([statements, other], asked) => {
      const [one, two] = [engineOf(statements).decide(asked), engineOf(other).decide(asked)];
      expect([two.decision, two.reason_code]).toEqual([one.decision, one.reason_code]);
      expect([...(two.approval?.mask_inputs ?? [])].sort()).toEqual([...(one.approval?.mask_inputs ?? [])].sort());
    });
    fc.assert(law, RUNS);
  });

  it('explain says what decide says, and its statements fit', () => {
    const law = fc.property(statementsOf(anyStatement), query, (statements, asked) => {
      const engine = engineOf(statements);
      const { verdict, statements: explained } = engine.explain(asked);
      expect(verdict).toEqual(engine.decide(asked));
      const holding = explained.filter(({ outcome }) => outcome === 'decided' || outcome === 'matched');
      const errors = explained.filter(({ outcome, effect }) => outcome === 'error' && effect !== 'allow');
      const winner = (['deny', 'require_approval', 'allow'] as const).find((effect) =>
        holding.some((each) => each.effect === effect),
      );
      const expected =
        winner !== 'deny' && errors.length > 0
          ? ['deny', errors[0]?.statement.index]
          : [winner ?? 'deny', holding.find(({ effect }) => effect === winner)?.statement.index];
      expect([verdict.decision, verdict.statement?.index]).toEqual(expected);
      for (const { outcome, mismatches } of explained) {
        expect(mismatches.length > 0).toBe(outcome === 'no_match' || outcome === 'error');
      }
    });
    fc.assert(law, RUNS);
  });

  it('decides as a naive evaluator of what the reference knows', () => {
    const law = fc.property(statementsOf(plainStatement), query, (statements, asked) => {
      const text = { ...asked, context: textsOnly(asked.context) };
      const { decision, reason_code } = engineOf(statements).decide(text);
      expect([decision, reason_code]).toEqual(naive(statements as PlainStatement[], text));
    });
    fc.assert(law, { numRuns: 5_000 });
  });

  it('whatever a text is, reading it does not throw, and what cannot be read allows nothing', async () => {
    const broken = fc.oneof(
      fc.json(),
      fc.string(),
      fc.record({ Statement: fc.jsonValue() }).map((each) => JSON.stringify(each)),
      fc
        .record({
          Statement: fc.array(
            fc.dictionary(fc.constantFrom('Effect', 'Action', 'Resource', 'Condition', 'Approval'), fc.jsonValue()),
          ),
        })
        .map((each) => JSON.stringify(each)),
      fc.tuple(statementsOf(anyStatement), fc.nat()).map(([statements, at]) => {
        const text = JSON.stringify({ Statement: statements });
        return text.slice(0, at % text.length);
      }),
    );
    const law = fc.asyncProperty(broken, fc.constantFrom('p.json', 'p.cedar'), async (text, file) => {
      const { engine, problems } = await loadPolicy(file, text);
      expect(engine === undefined).toBe(problems.some(({ severity }) => severity === 'error'));
      for (const { line, column, message } of problems) {
        expect(line >= 1 && column >= 1 && message !== '').toBe(true);
        expect(line).toBeLessThanOrEqual(text.split('\n').length);
      }
    });
    await fc.assert(law, { numRuns: 1_500 });
  });
});

interface PlainStatement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | string[];
  readonly Resource: string | string[];
  readonly Condition?: Record<string, Record<string, string | string[]>>;
}

/** The reference compares texts; lists and other types are this repository's own. */
function textsOnly(context: JsonObject): JsonObject {
  const entries = Object.entries(context).flatMap(([key, part]): [string, JsonValue][] => {
    if (typeof part === 'string') return [[key, part]];
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return [];
    return [[key, Object.fromEntries(Object.entries(part).filter(([, each]) => typeof each === 'string'))]];
  });
  // An object is nothing that StringEquals compares.
  return Object.fromEntries(entries.filter(([key]) => key !== 'constraints'));
}

/** Written from the reference's rules alone, with regular expressions and no index. */
function naive(statements: readonly PlainStatement[], { action, resource, context }: PolicyQuery): [string, string] {
  const listOf = (each: string | string[]) => (Array.isArray(each) ? each : [each]);
  const like = (text: string, pattern: string) => naivePattern(pattern).test(text);
  const valueOf = (key: string) =>
    key
      .split('.')
      .reduce<unknown>(
        (at, name) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[name] : undefined),
        context,
      );
  const matching = statements.filter(
    (each) =>
      listOf(each.Action).some((pattern) => like(action, pattern)) &&
      listOf(each.Resource).some((pattern) => like(resource, pattern)) &&
      Object.entries(each.Condition ?? {}).every(([operator, keys]) =>
        Object.entries(keys).every(([key, expected]) => {
          const actual = valueOf(key);
          if (typeof actual !== 'string') return false;
          return listOf(expected).some((one) => (operator === 'StringLike' ? like(actual, one) : actual === one));
        }),
      ),
  );
  if (matching.some(({ Effect }) => Effect === 'Deny')) return ['deny', 'explicit_deny'];
  return matching.length > 0 ? ['allow', 'explicit_allow'] : ['deny', 'default_deny'];
}

function naivePattern(pattern: string): RegExp {
  const source = pattern.replace(
    /\[(!?)([^\]]+)\]|[*?]|[\\^$.|+(){}[\]]/g,
    (found, not: string | undefined, set: string | undefined) => {
      if (set !== undefined) return `[${not === '!' ? '^' : ''}${set}]`;
      return found === '*' ? '[^]*' : found === '?' ? '[^]' : `\\${found}`;
    },
  );
  return new RegExp(`^${source}$`);
}
