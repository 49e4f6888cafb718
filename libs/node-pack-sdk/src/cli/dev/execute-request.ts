import type { ExecuteRequest } from '../../runtime/execution.js';

/** A request that cannot be understood or served; becomes an ErrorEnvelope. */
export class RequestError extends Error {
  override readonly name = 'RequestError';

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details?: Record<string, unknown>,
  ) {
    super(message);
  }
}

/** @throws RequestError invalid_request that names every field that is wrong */
export function readExecuteRequest(body: unknown): ExecuteRequest {
  const issues: { path: string; message: string }[] = [];
  const demand = (holds: boolean, path: string, message: string) => {
    if (!holds) issues.push({ path, message });
  };
  const request = (isObject(body) ? body : {}) as Partial<ExecuteRequest>;
  const { node_type_ref: ref, inputs, run_context, constraints } = request;
  demand(isName(request.run_id), 'run_id', 'must be a string that is not empty');
  demand(isName(request.node_run_id), 'node_run_id', 'must be a string that is not empty');
  demand(isName(ref?.node_type_id), 'node_type_ref.node_type_id', 'must be a string that is not empty');
  demand(isName(ref?.version), 'node_type_ref.version', 'must be a string that is not empty');
  demand(isObject(inputs), 'inputs', 'must be an object');
  demand(run_context === undefined || isObject(run_context), 'run_context', 'must be an object');
  demand(constraints === undefined || isObject(constraints), 'constraints', 'must be an object');
  if (issues.length === 0) return request as ExecuteRequest;
  throw new RequestError(400, 'invalid_request', 'The request does not conform to the contract.', { issues });
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
