import { isDeepStrictEqual } from 'node:util';
import type { AdmittedNode } from '../admission/admission.js';
import type { Node, NodeExample } from '../define-node.js';
import type { Pack } from '../define-pack.js';
import { manifestNodeOf } from '../manifest.js';
import { HANDLER_ERRORS } from '../runtime/handler-error.js';
import type { HandlerEnd, HandlerError } from '../runtime/pack-host.js';
import { reasonOf } from '../runtime/pack-module.js';
import { inputsRefusal, outputsRefusal } from '../runtime/run-node.js';
import { compileSchema } from '../runtime/schema-check.js';
import type { HttpMock } from './mock-http.js';
import { NodePackTestError } from './report.js';
import type { ExampleReport, NodePackCheck, NodePackProblem, NodePackReport, NodeReport } from './report.js';
import { schemaProblems } from './schema-check.js';
import { GRACE_MS, runAndCancel, runExample } from './trial.js';
import type { Trial, TrialOptions } from './trial.js';

export interface TestNodePackOptions {
  /** Answers `ctx.http`. Default: the pack's `mockUpstream`; without both, examples that call the network are skipped. */
  readonly http?: HttpMock;
  /** What `ctx.credentials.get` gives, by name. Default: `mock-credential`. */
  readonly credentials?: Readonly<Record<string, string>>;
  /** Longest time an example may take, in milliseconds. Default: the node's `timeoutMs`, else 10 000. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
/** What `ctx` fails with by itself: an author need not declare it. */
const CONTEXT_ERRORS = [
  ...['egress_denied', 'invalid_url', 'response_too_large', 'too_many_redirects', 'budget_exceeded'],
  ...['http_unreachable', 'http_timeout', 'artifact_too_large', 'artifact_not_found'],
  ...['credential_not_declared', 'credential_not_granted', 'credential_missing', 'credential_store_unavailable'],
];
const SDK_ERRORS: readonly string[] = [...Object.keys(HANDLER_ERRORS), ...CONTEXT_ERRORS];

/**
 * Tests that a pack keeps what it promises: its schemas can be used, its examples run and give what they say, its errors are declared,
 * its handlers end when they are canceled. Works with any test runner. A handler that never gives up the thread cannot be stopped in
 * here.
 *
 * @example
 * test('the pack keeps what it promises', async () => {
 *   await testNodePack(pack, { http: () => Response.json({ temperature: 21 }) });
 * });
 * @returns what was tried; `warnings` holds what is allowed and could be better
 * @throws NodePackTestError that lists everything that is wrong
 */
export async function testNodePack(pack: Pack, options: TestNodePackOptions = {}): Promise<NodePackReport> {
  const problems: NodePackProblem[] = [];
  const warnings: NodePackProblem[] = [];
  const nodes: NodeReport[] = [];
  for (const node of pack.nodes) {
    const schemas = [
      ...schemaProblems(node.id, 'input', node.input),
      ...schemaProblems(node.id, 'output', node.output),
    ];
    problems.push(...schemas);
    // Without schemas nothing can be said about values.
    if (schemas.some(({ check }) => check === 'schema')) {
      nodes.push({ nodeId: node.id, examples: [], cancel: 'not_tried' });
      continue;
    }
    if ((node.examples ?? []).length === 0) {
      const message = 'it has no examples, so nothing of it was run; add at least one { inputs, outputs }.';
      warnings.push({ check: 'examples', nodeId: node.id, message });
    }
    nodes.push(
      await testNode(
        node,
        {
          http: options.http,
          mockUpstream: pack.mockUpstream,
          credentials: options.credentials ?? {},
          timeoutMs: options.timeoutMs ?? node.timeoutMs ?? TIMEOUT_MS,
          version: pack.version,
        },
        problems,
      ),
    );
  }
  const report: NodePackReport = { packId: pack.id, version: pack.version, nodes, problems, warnings };
  if (problems.length > 0) throw new NodePackTestError(report);
  return report;
}

async function testNode(node: Node, options: TrialOptions, problems: NodePackProblem[]): Promise<NodeReport> {
  const admitted: AdmittedNode = {
    manifest: manifestNodeOf(node),
    validateInputs: compileSchema(node.input),
    validateOutputs: compileSchema(node.output),
  };
  const examples: ExampleReport[] = [];
  const runnable: NodeExample[] = [];
  for (const [index, example] of (node.examples ?? []).entries()) {
    const found: Found[] = [];
    const refusal = inputsRefusal(admitted, example.inputs);
    let trial: Trial | undefined;
    if (refusal === undefined) {
      runnable.push(example);
      trial = await runExample(node, example.inputs, options);
      if (!trial.usedNetwork) found.push(...judge(node, admitted, example, trial, options.timeoutMs));
    } else if (example.error !== refusal.code) {
      found.push(['example_inputs', `the executor would refuse its inputs: ${refusal.message}`]);
    }
    problems.push(...found.map(([check, message]) => ({ check, nodeId: node.id, example: index, message })));
    const outcome = found.length > 0 ? 'failed' : trial?.usedNetwork ? 'skipped' : 'passed';
    examples.push({ example: index, outcome, ms: trial?.ms ?? 0 });
  }
  const tried = runnable.find(({ error }) => error === undefined) ?? runnable[0];
  if (tried === undefined) return { nodeId: node.id, examples, cancel: 'not_tried' };
  const cancel = await runAndCancel(node, tried.inputs, options);
  if (cancel === 'ignored') {
    const message = `its handler was still at work ${GRACE_MS} ms after it was canceled; pass ctx.signal to everything that waits, and look at ctx.signal.aborted in loops.`;
    problems.push({ check: 'cancel', nodeId: node.id, message });
  }
  return { nodeId: node.id, examples, cancel };
}

type Found = readonly [check: NodePackCheck, message: string];

/** What is wrong with how an example ended. */
function judge(node: Node, admitted: AdmittedNode, example: NodeExample, trial: Trial, timeoutMs: number): Found[] {
  const { end } = trial;
  if (end === undefined || (end.state === 'failed' && end.error.code === 'timeout' && end.cause === undefined)) {
    return [['timeout', `its handler did not end within ${timeoutMs} ms.`]];
  }
  if (end.state !== 'succeeded') return judgeError(node, example, end);
  const found: Found[] = [];
  if (example.error !== undefined) {
    found.push(['example_error', `it should fail with ${example.error} and gave ${JSON.stringify(end.outputs)}.`]);
  }
  if (trial.notJson !== undefined) {
    found.push(['outputs_json', `its outputs are not JSON: ${trial.notJson}.`]);
  }
  const refusal = outputsRefusal(admitted, end.outputs);
  if (refusal !== undefined) {
    found.push(['example_outputs', `the executor would refuse its outputs: ${refusal.message}`]);
  } else if (example.outputs !== undefined && !isDeepStrictEqual(asJson(end.outputs), asJson(example.outputs))) {
    found.push([
      'example_outputs',
      `it should give ${JSON.stringify(example.outputs)} and gave ${JSON.stringify(end.outputs)}.`,
    ]);
  }
  return found;
}

function judgeError(
  node: Node,
  example: NodeExample,
  { error, cause }: Extract<HandlerEnd, { error: HandlerError }>,
): Found[] {
  const { code, message, retryable } = error;
  const found: Found[] = [];
  if (code === 'handler_error' && cause !== undefined && example.error !== code) {
    const what = `its handler threw ${cause instanceof Error ? `${cause.name}: ${reasonOf(cause)}` : String(cause)}`;
    return [
      [
        'example_error',
        `${what}. Callers hear only handler_error; throw a TerminalError or RetryableError with a code.`,
      ],
    ];
  }
  if (code !== example.error) {
    const should = example.error === undefined ? 'succeed' : `fail with ${example.error}`;
    found.push(['example_error', `it should ${should} and failed with ${code}: ${message}`]);
  }
  const declared = node.errors?.[code];
  if (declared === undefined && !SDK_ERRORS.includes(code)) {
    found.push(['undeclared_error', `it failed with ${code}, which its errors do not declare; add it to errors.`]);
  }
  if (declared !== undefined && (declared.retryable ?? false) !== retryable) {
    const [is, says] = retryable ? ['can', 'cannot'] : ['cannot', 'can'];
    found.push([
      'undeclared_error',
      `its error ${code} says that it ${is} be retried, its declaration that it ${says}; make them the same.`,
    ]);
  }
  return found;
}

function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
