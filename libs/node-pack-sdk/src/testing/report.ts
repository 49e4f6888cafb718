/** What `testNodePack` looks at. */
export type NodePackCheck =
  | 'schema'
  | 'schema_keyword'
  | 'examples'
  | 'example_inputs'
  | 'example_outputs'
  | 'example_error'
  | 'outputs_json'
  | 'undeclared_error'
  | 'timeout'
  | 'cancel';

/** One thing that is wrong, or for a warning: that could be better. */
export interface NodePackProblem {
  readonly check: NodePackCheck;
  readonly nodeId: string;
  /** Position of the example in `examples`, from 0. */
  readonly example?: number;
  /** One sentence or two: what is wrong, and what to do. */
  readonly message: string;
}

/** How one example went. */
export interface ExampleReport {
  /** Position in `examples`, from 0. */
  readonly example: number;
  /** `skipped`: it calls the network and `testNodePack` was given no `http`. */
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** How long the handler took, in milliseconds. */
  readonly ms: number;
}

/** How one node went. */
export interface NodeReport {
  readonly nodeId: string;
  readonly examples: readonly ExampleReport[];
  /** How the handler took being canceled. `not_tried`: there was no example to run it with. */
  readonly cancel: 'honoured' | 'ended_before' | 'ignored' | 'not_tried';
}

/** How a pack went. */
export interface NodePackReport {
  readonly packId: string;
  readonly version: string;
  readonly nodes: readonly NodeReport[];
  /** What makes the test fail. */
  readonly problems: readonly NodePackProblem[];
  /** What does not. */
  readonly warnings: readonly NodePackProblem[];
}

/** A problem as a line: `acme.math.double, example 0: …`. */
export function problemLine({ nodeId, example, message }: NodePackProblem): string {
  return `${nodeId}${example === undefined ? '' : `, example ${example}`}: ${message}`;
}

/** A pack does not keep what it promises; the message lists every problem. */
export class NodePackTestError extends Error {
  override readonly name = 'NodePackTestError';

  constructor(readonly report: NodePackReport) {
    const { packId, problems } = report;
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super(`${packId} has ${count}:\n${problems.map((problem) => `  - ${problemLine(problem)}`).join('\n')}`);
  }
}
