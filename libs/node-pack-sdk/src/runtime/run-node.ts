import type { ValidateFunction } from 'ajv';
import type { AdmittedNode } from '../admission/admission.js';
import { handlerError } from './handler-error.js';
import type { HandlerCall, HandlerEnd, HandlerError, PackHost } from './pack-host.js';

/** Where and what a schema says against a value. */
export interface SchemaIssue {
  /** Such as `items[0].name`; empty for the value itself. */
  readonly path: string;
  readonly message: string;
}

/** A node with the code that runs it. */
export interface RunnableNode extends AdmittedNode {
  readonly host: PackHost;
}

const ISSUES_AT_MOST = 20;

/** Why inputs cannot be run; undefined when they match the input schema. */
export function inputsRefusal(node: AdmittedNode, inputs: unknown): HandlerError | undefined {
  return refusalBy(node.validateInputs, inputs, 'invalid_inputs');
}

/** Why outputs are no result; undefined when they match the output schema. */
export function outputsRefusal(node: AdmittedNode, outputs: unknown): HandlerError | undefined {
  return refusalBy(node.validateOutputs, outputs, 'invalid_outputs');
}

/** Runs a node whose inputs were checked, and checks its outputs. Never rejects. */
export async function runNode(node: RunnableNode, call: HandlerCall): Promise<HandlerEnd> {
  const end = await node.host.run(call);
  if (end.state !== 'succeeded') return end;
  const error = outputsRefusal(node, end.outputs);
  return error === undefined ? end : { state: 'failed', error, usage: end.usage };
}

function refusalBy(
  validate: ValidateFunction,
  value: unknown,
  code: 'invalid_inputs' | 'invalid_outputs',
): HandlerError | undefined {
  const issues = issuesOf(validate, value);
  if (issues === undefined) return undefined;
  const [first] = issues;
  const { message } = handlerError(code);
  const said = first === undefined ? '' : ` First: ${first.path === '' ? 'it' : first.path} ${first.message}.`;
  return { ...handlerError(code, `${message}${said}`), details: { issues } };
}

/** What a schema says against a value; undefined when nothing. */
function issuesOf(validate: ValidateFunction, value: unknown): SchemaIssue[] | undefined {
  if (validate(value) === true) return undefined;
  return (validate.errors ?? []).slice(0, ISSUES_AT_MOST).map(({ instancePath, message, params }) => {
    const { additionalProperty } = params as { additionalProperty?: string };
    return {
      path: pathOf(instancePath),
      message: `${message ?? 'is not valid'}${additionalProperty === undefined ? '' : `: "${additionalProperty}"`}`,
    };
  });
}

function pathOf(instancePath: string): string {
  return instancePath
    .split('/')
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part.replaceAll('~1', '/').replaceAll('~0', '~')}`))
    .join('')
    .replace(/^\./, '');
}
