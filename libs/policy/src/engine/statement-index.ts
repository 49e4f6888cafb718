import { isTarget } from './policy-document.js';
import type { Statement, Target } from './policy-document.js';
import type { PolicyOutcome } from './policy-engine.js';

/** Finds the statements whose action and resource match. */
export interface StatementIndex {
  /** In the order of the file. */
  find(effect: PolicyOutcome, action: string, resource: string): readonly Statement[];
}

/** Statements of one effect by what their resources begin with, for all that one action may concern. */
interface Shelf {
  /** In the order of the file each. */
  readonly byPrefix: ReadonlyMap<string, readonly Statement[]>;
  /** The lengths of the prefixes, each once. */
  readonly lengths: readonly number[];
}

/**
 * Most statements name actions literally, and resources literally or by how they begin: they are found by that, and only what
 * begins alike is tried one by one. Every action that is named has its shelves, made here once, so no memory grows with what is
 * asked; other actions share one set, whose statements are tried for the action too.
 */
export function indexStatements(statements: readonly Statement[]): StatementIndex {
  const named = new Set(statements.flatMap(({ action }) => (action.negated ? [] : literalsOf(action))));
  const shelvesByAction = new Map(
    [...named].map((action) => [action, shelvesOf(statements.filter((each) => isTarget(each.action, action)))]),
  );
  const shared = shelvesOf(
    statements.filter(({ action }) => action.negated || literalsOf(action).length < action.patterns.length),
  );
  return {
    find: (effect, action, resource) => {
      const shelves = shelvesByAction.get(action);
      const found = candidates((shelves ?? shared)[effect], resource).filter((each) =>
        isTarget(each.resource, resource),
      );
      return shelves === undefined ? found.filter((each) => isTarget(each.action, action)) : found;
    },
  };
}

function candidates({ byPrefix, lengths }: Shelf, resource: string): readonly Statement[] {
  const lists: (readonly Statement[])[] = [];
  for (const length of lengths) {
    const list = length <= resource.length ? byPrefix.get(resource.slice(0, length)) : undefined;
    if (list !== undefined) lists.push(list);
  }
  if (lists.length < 2) return lists[0] ?? [];
  return [...new Set(lists.flat())].sort((left, right) => left.ref.index - right.ref.index);
}

function shelvesOf(statements: readonly Statement[]): Record<PolicyOutcome, Shelf> {
  const shelfOf = (effect: PolicyOutcome) => shelve(statements.filter((statement) => statement.effect === effect));
  return { deny: shelfOf('deny'), require_approval: shelfOf('require_approval'), allow: shelfOf('allow') };
}

function shelve(statements: readonly Statement[]): Shelf {
  const byPrefix = new Map<string, Statement[]>();
  for (const statement of statements) {
    const { negated, patterns } = statement.resource;
    for (const prefix of new Set(negated ? [''] : patterns.map((pattern) => pattern.prefix))) {
      const list = byPrefix.get(prefix);
      if (list === undefined) byPrefix.set(prefix, [statement]);
      else list.push(statement);
    }
  }
  return { byPrefix, lengths: [...new Set([...byPrefix.keys()].map(({ length }) => length))] };
}

/** Those of the patterns that are no patterns. */
function literalsOf({ patterns }: Target): string[] {
  return patterns.flatMap(({ literal }) => (literal === undefined ? [] : [literal]));
}
