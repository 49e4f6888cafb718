import { isTarget } from './policy-document.js';
import type { Statement } from './policy-document.js';
import type { PolicyOutcome } from './policy-engine.js';

/** Statements of one effect that one action may concern, in the order of the file. */
interface Shelf {
  /** Those that name resources without patterns only, by resource. */
  readonly named: ReadonlyMap<string, readonly Statement[]>;
  readonly others: readonly Statement[];
}

/** Finds the statements whose action and resource match. */
export interface StatementIndex {
  /** In the order of the file. */
  find(effect: PolicyOutcome, action: string, resource: string): Iterable<Statement>;
}

/**
 * Most statements name actions and resources literally, and are found by them; only those with patterns are tried one by one.
 * Every action that is named has its shelves, made here once, so no memory grows with what is asked.
 */
export function indexStatements(statements: readonly Statement[]): StatementIndex {
  const named = new Set(
    statements.flatMap(({ action }) => (action.negated ? [] : (literalsOf(action.patterns) ?? []))),
  );
  const always = statements.filter(({ action }) => action.negated || literalsOf(action.patterns) === undefined);
  const byAction = new Map(
    [...named].map((action) => [action, shelvesOf(statements.filter((each) => isTarget(each.action, action)))]),
  );
  const rest = shelvesOf(always);
  return {
    find: (effect, action, resource) => {
      const shelves = byAction.get(action);
      const shelf = (shelves ?? rest)[effect];
      const sure = shelf.named.get(resource) ?? NONE;
      return inOrder(
        sure,
        shelf.others,
        (statement) => isTarget(statement.resource, resource),
        shelves === undefined ? action : undefined,
      );
    },
  };
}

const NONE: readonly Statement[] = [];

/** Merges two lists that are each in the order of the file, leaving out what does not match. */
function* inOrder(
  sure: readonly Statement[],
  others: readonly Statement[],
  matches: (statement: Statement) => boolean,
  untestedAction: string | undefined,
): Iterable<Statement> {
  const concerns = (statement: Statement) => untestedAction === undefined || isTarget(statement.action, untestedAction);
  let next = 0;
  for (const other of others) {
    if (!matches(other) || !concerns(other)) continue;
    for (let first = sure[next]; first !== undefined && first.ref.index < other.ref.index; first = sure[next]) {
      next += 1;
      if (concerns(first)) yield first;
    }
    yield other;
  }
  for (const last of sure.slice(next)) if (concerns(last)) yield last;
}

function shelvesOf(statements: readonly Statement[]): Record<PolicyOutcome, Shelf> {
  const shelfOf = (effect: PolicyOutcome) => shelve(statements.filter((statement) => statement.effect === effect));
  return { deny: shelfOf('deny'), require_approval: shelfOf('require_approval'), allow: shelfOf('allow') };
}

function shelve(statements: readonly Statement[]): Shelf {
  const named = new Map<string, Statement[]>();
  const others: Statement[] = [];
  for (const statement of statements) {
    const resources = statement.resource.negated ? undefined : literalsOf(statement.resource.patterns);
    if (resources === undefined) others.push(statement);
    for (const resource of new Set(resources)) {
      const list = named.get(resource);
      if (list === undefined) named.set(resource, [statement]);
      else list.push(statement);
    }
  }
  return { named, others };
}

/** The texts, when none of them is a pattern. */
function literalsOf(patterns: Statement['action']['patterns']): string[] | undefined {
  const literals = patterns.flatMap(({ literal }) => (literal === undefined ? [] : [literal]));
  return literals.length === patterns.length ? literals : undefined;
}
