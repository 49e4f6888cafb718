/** One thing that is wrong with a value. */
export interface Issue {
  /** Where, from the top of the body: `node_runs[0].inputs`, `extensions.foo`. Empty: the body itself. */
  readonly path: string;
  /** What is wrong, to be read after the path: `must be a string`. */
  readonly message: string;
}

/** No caller repairs more than this at once, and an answer must not grow with what a hostile caller sends. */
const MAX_ISSUES = 50;

/** A value that does not conform to a contract class. `issues` has every problem, sorted by path, at most 50. */
export class ContractViolation extends Error {
  override readonly name = 'ContractViolation';
  readonly issues: readonly Issue[];

  /** @param what the name of what was to be read, for the message */
  constructor(what: string, issues: readonly Issue[]) {
    const reported = [...issues].sort(byPath).slice(0, MAX_ISSUES);
    const sentences = reported.map(({ path, message }) => (path === '' ? message : `${path} ${message}`));
    const more = issues.length > reported.length ? [`and ${issues.length - reported.length} more`] : [];
    super(`not a valid ${what}: ${[...sentences, ...more].join('; ')}`);
    this.issues = reported;
  }
}

function byPath(a: Issue, b: Issue): number {
  if (a.path === b.path) return 0;
  return a.path < b.path ? -1 : 1;
}
