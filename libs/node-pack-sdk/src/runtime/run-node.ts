import type { AdmittedNode } from '../admission/admission.js';
import { handlerError } from './handler-error.js';
import { maskedCall } from './masked-call.js';
import type { HandlerCall, HandlerEnd, HandlerError, PackHost } from './pack-host.js';
import { schemaRefusal } from './schema-check.js';

/** A node with the code that runs it. */
export interface RunnableNode extends AdmittedNode {
  readonly host: PackHost;
}

/** Why inputs cannot be run; undefined when they match the input schema, and when the host of the node checks that itself. */
export function inputsRefusal(
  node: AdmittedNode & { readonly host?: Pick<PackHost, 'checksSchemas'> },
  inputs: unknown,
): HandlerError | undefined {
  if (node.host?.checksSchemas === true) return undefined;
  return schemaRefusal(node.validateInputs, inputs, 'invalid_inputs');
}

/** Why outputs are no result; undefined when they match the output schema. */
export function outputsRefusal(node: AdmittedNode, outputs: unknown): HandlerError | undefined {
  return schemaRefusal(node.validateOutputs, outputs, 'invalid_outputs');
}

/**
 * Runs a node for whose inputs there is no `inputsRefusal`, and checks its outputs unless its host does. Credentials that its handler reads
 * are in nothing that comes of it. Never rejects.
 */
export async function runNode(node: RunnableNode, call: HandlerCall): Promise<HandlerEnd> {
  const { call: masking, masked } = maskedCall(call);
  let end: HandlerEnd;
  try {
    end = masked(await node.host.run(masking));
  } catch (cause) {
    const usage = { external_calls: 0, cost: 0 };
    return { state: 'failed', error: handlerError('handler_error'), cause, usage };
  }
  if (end.state !== 'succeeded' || node.host.checksSchemas) return end;
  const error = outputsRefusal(node, end.outputs);
  return error === undefined ? end : { state: 'failed', error, usage: end.usage };
}
