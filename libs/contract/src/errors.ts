/** One entry of an error catalogue. */
export interface ErrorDefinition {
  /** HTTP status of the response that carries the code. */
  readonly status: number;
  /** Whether the same request may succeed later without a change. */
  readonly retryable: boolean;
  /** The default sentence; a thrower that knows more says more. */
  readonly message: string;
}

/**
 * Every code an HTTP response of ours can carry in its ErrorEnvelope (`common/error.schema.json`).
 * A code is never reused for another meaning. `docs/errors.md` is held equal to this table by a test.
 */
export const ERROR_CATALOGUE = {
  invalid_request: { status: 400, retryable: false, message: 'The request does not conform to the contract.' },
  unknown_tool: {
    status: 400,
    retryable: false,
    message: 'No node pack of the atomic executors offers this tool or this action.',
  },
  tool_params_invalid: {
    status: 400,
    retryable: false,
    message: 'The parameters do not match what the action takes.',
  },
  unauthorized: { status: 401, retryable: false, message: 'The request has no valid credentials.' },
  agent_token_invalid: {
    status: 401,
    retryable: false,
    message: 'The agent token is not one that this gateway issued, or it is not for this use.',
  },
  agent_token_expired: {
    status: 401,
    retryable: false,
    message: 'The agent token has expired. Get a new one.',
  },
  agent_token_revoked: {
    status: 401,
    retryable: false,
    message: 'The agent token was revoked.',
  },
  agent_assertion_invalid: {
    status: 401,
    retryable: false,
    message: 'The assertion is not signed by a registered key of the agent, or does not say what it must.',
  },
  agent_assertion_replayed: {
    status: 401,
    retryable: false,
    message: 'The assertion was used before. Sign a new one for each token.',
  },
  dpop_proof_invalid: {
    status: 401,
    retryable: false,
    message: 'The token is bound to a key, and the request has no valid DPoP proof of it.',
  },
  forbidden: { status: 403, retryable: false, message: 'The caller may not do this.' },
  assignment_mismatch: {
    status: 403,
    retryable: false,
    message: 'The assignment token of the request is for another node run.',
  },
  agent_inactive: {
    status: 403,
    retryable: false,
    message: 'The agent is not active.',
  },
  tool_not_permitted: {
    status: 403,
    retryable: false,
    message: 'The agent token does not cover this tool or this kind of action.',
  },
  tool_policy_denied: {
    status: 403,
    retryable: false,
    message: 'The policies of the agent do not allow this call.',
  },
  tool_response_blocked: {
    status: 403,
    retryable: false,
    message: 'The call was made, but the policies of the agent do not let its answer through.',
  },
  run_not_found: { status: 404, retryable: false, message: 'There is no run with this id.' },
  node_run_not_found: { status: 404, retryable: false, message: 'There is no node run with this id.' },
  parent_node_run_not_found: { status: 404, retryable: false, message: 'There is no parent node run with this id.' },
  artifact_not_found: { status: 404, retryable: false, message: 'This executor has no artifact with this id.' },
  approval_not_found: { status: 404, retryable: false, message: 'There is no approval with this id.' },
  agent_not_found: {
    status: 404,
    retryable: false,
    message: 'There is no agent with this id.',
  },
  agent_key_not_found: {
    status: 404,
    retryable: false,
    message: 'The agent has no key with this id.',
  },
  agent_token_not_found: {
    status: 404,
    retryable: false,
    message: 'There is no agent token with this id.',
  },
  tool_policy_not_found: {
    status: 404,
    retryable: false,
    message: 'There is no tool policy with this id.',
  },
  credential_not_found: {
    status: 404,
    retryable: false,
    message: 'There is no such credential.',
  },
  job_not_found: {
    status: 404,
    retryable: false,
    message: 'There is no job with this id.',
  },
  route_not_found: { status: 404, retryable: false, message: 'This service has no such route.' },
  method_not_allowed: { status: 405, retryable: false, message: 'This route does not accept this method.' },
  run_already_exists: { status: 409, retryable: false, message: 'A run with this id exists with another request.' },
  parent_node_run_mismatch: {
    status: 409,
    retryable: false,
    message: 'The parent node run belongs to another run.',
  },
  parent_node_run_invalid: {
    status: 409,
    retryable: false,
    message: 'The parent node run cannot have children: it is not composite, waits for an approval, or has ended.',
  },
  idempotency_conflict: {
    status: 409,
    retryable: false,
    message: 'The idempotency key was used before with another specification.',
  },
  idempotency_in_progress: {
    status: 409,
    retryable: true,
    message: 'A request with this idempotency key is being answered. Ask again shortly.',
  },
  credential_version_exists: {
    status: 409,
    retryable: false,
    message: 'The tool has a credential of this version. Versions are never overwritten.',
  },
  node_run_id_reused: {
    status: 409,
    retryable: false,
    message: 'This executor has run this node run before, with another node type or other inputs.',
  },
  node_run_already_terminal: {
    status: 409,
    retryable: false,
    message: 'The node run has ended; a terminal state never changes.',
  },
  approval_required: {
    status: 409,
    retryable: false,
    message: 'The node run waits for an approval; nobody can complete it with success before that.',
  },
  approval_decided: {
    status: 409,
    retryable: false,
    message: 'The approval was decided before, has expired or was withdrawn.',
  },
  constraint_violation: {
    status: 409,
    retryable: false,
    message: 'A constraint of the run or of the parent node run forbids this.',
  },
  payload_too_large: {
    status: 413,
    retryable: false,
    message: 'The request body is larger than this service accepts.',
  },
  unsupported_media_type: {
    status: 415,
    retryable: false,
    message: 'The request body must be JSON, sent with Content-Type: application/json.',
  },
  headers_too_large: {
    status: 431,
    retryable: false,
    message: 'The request headers are larger than this service accepts.',
  },
  credential_in_use: {
    status: 409,
    retryable: false,
    message: 'The credential is the active one of its tool. Activate another first, or delete it with ?force=true.',
  },
  tool_rate_limited: {
    status: 429,
    retryable: true,
    message: 'The agent calls this tool too often. Wait as long as Retry-After says.',
  },
  tool_quota_exceeded: {
    status: 429,
    retryable: true,
    message: 'A quota of the policies of the agent is used up. Wait as long as Retry-After says.',
  },
  internal_error: {
    status: 500,
    retryable: false,
    message: 'The service failed to handle the request. Its log has the cause under the request id.',
  },
  run_coordinator_unavailable: {
    status: 502,
    retryable: true,
    message: 'The run coordinator did not answer. Check that it is running and that ARP_RUN_COORDINATOR_URL names it.',
  },
  atomic_executor_unavailable: {
    status: 502,
    retryable: true,
    message:
      'The atomic executor did not answer. Check that it is running and that JARVIS_ATOMIC_EXECUTOR_URL names it.',
  },
  composite_executor_unavailable: {
    status: 502,
    retryable: true,
    message:
      'The composite executor did not answer. Check that it is running and that JARVIS_COMPOSITE_EXECUTOR_URL names it.',
  },
  node_registry_unavailable: {
    status: 502,
    retryable: true,
    message: 'The node registry did not answer. Check that it is running and that JARVIS_NODE_REGISTRY_URL names it.',
  },
  pdp_unavailable: {
    status: 502,
    retryable: true,
    message: 'The policy decision point did not answer. Check that it is running and that JARVIS_PDP_URL names it.',
  },
  tool_gateway_unavailable: {
    status: 502,
    retryable: true,
    message: 'The tool gateway did not answer. Check that it is running and that JARVIS_TOOL_GATEWAY_URL names it.',
  },
  token_request_failed: {
    status: 502,
    retryable: true,
    message:
      'The identity provider refused the token that this service needs for a peer. Its log has the reason; check ARP_AUTH_CLIENT_ID, its secret and the audience.',
  },
  tool_upstream_error: {
    status: 502,
    retryable: true,
    message: 'The service behind the tool did not answer as it should.',
  },
  tool_outcome_unknown: {
    status: 502,
    retryable: false,
    message: 'The call may or may not have taken effect: its answer was lost. Look there before you send it again.',
  },
  identity_provider_unavailable: {
    status: 503,
    retryable: true,
    message: 'The identity provider did not answer. Try again shortly.',
  },
  overloaded: {
    status: 503,
    retryable: true,
    message: 'More work is waiting than this service queues. Try again shortly.',
  },
  database_unavailable: { status: 503, retryable: true, message: 'The database did not answer. Try again shortly.' },
  tool_circuit_open: {
    status: 503,
    retryable: true,
    message: 'The service behind the tool failed too often for this agent; calls are held back for a while.',
  },
  tool_overloaded: {
    status: 503,
    retryable: true,
    message: 'The agent has as many calls of this tool at work as it may.',
  },
  tool_not_configured: {
    status: 503,
    retryable: false,
    message:
      'The executor has no credential for the tool. An operator sets and activates one (POST /api/admin/creds/rotate); the executor needs JARVIS_TOOL_GATEWAY_URL to have it.',
  },
  jobs_unconfigured: {
    status: 503,
    retryable: false,
    message: 'This gateway has no run coordinator, which runs jobs: set ARP_RUN_COORDINATOR_URL.',
  },
  execution_overloaded: {
    status: 503,
    retryable: true,
    message:
      'The executor has as many node runs at work and waiting as JARVIS_MAX_CONCURRENCY and JARVIS_MAX_QUEUED allow. Try again shortly.',
  },
  service_stopping: {
    status: 503,
    retryable: true,
    message: 'The service is stopping. Try another instance, or shortly again.',
  },
  tool_upstream_timeout: {
    status: 504,
    retryable: true,
    message: 'The service behind the tool did not answer in time.',
  },
} as const satisfies Record<string, ErrorDefinition>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;

/** Every code a failed or canceled node run can carry in its error. `docs/errors.md` lists them too. */
export const NODE_RUN_ERROR_CATALOGUE = {
  unknown_node_kind: {
    retryable: false,
    message:
      'Nothing tells whether the node type is atomic or composite: no pack offers it and its id has no kind prefix.',
  },
  unknown_node_type: { retryable: false, message: 'No admitted node pack offers this node type.' },
  unknown_node_type_version: { retryable: false, message: 'The node type exists, but not in this version.' },
  invalid_constraints: { retryable: false, message: 'The constraints of the call cannot be followed as they are.' },
  invalid_inputs: { retryable: false, message: 'The inputs do not match the input schema of the node type.' },
  invalid_outputs: { retryable: false, message: 'The handler returned outputs that do not match its output schema.' },
  policy_denied: { retryable: false, message: 'Policy does not allow this.' },
  approval_denied: { retryable: false, message: 'An approver denied it.' },
  approval_expired: { retryable: false, message: 'Nobody approved it in time.' },
  timeout: { retryable: true, message: 'The node run took longer than it may.' },
  canceled: { retryable: false, message: 'The node run was canceled.' },
  handler_error: { retryable: false, message: 'The handler failed.' },
  handler_crashed: {
    retryable: true,
    message: 'The process of the node pack ended while the node run was at work.',
  },
  executor_stopped: { retryable: true, message: 'The executor was stopped while the node run was at work.' },
  atomic_executor_unconfigured: {
    retryable: false,
    message: 'The coordinator has no atomic executor: set JARVIS_ATOMIC_EXECUTOR_URL.',
  },
  atomic_executor_unavailable: { retryable: true, message: 'The atomic executor did not answer.' },
  composite_executor_unconfigured: {
    retryable: false,
    message: 'The coordinator has no composite executor: set JARVIS_COMPOSITE_EXECUTOR_URL.',
  },
  composite_executor_unavailable: { retryable: true, message: 'The composite executor did not answer.' },
  composite_rejected: { retryable: false, message: 'The composite executor did not accept the node run.' },
  coordinator_url_unconfigured: {
    retryable: false,
    message:
      'Composite executors cannot report back: set JARVIS_RUN_COORDINATOR_PUBLIC_URL to the URL of this coordinator.',
  },
  node_type_not_allowed: {
    retryable: false,
    message: 'The node type is not among those that candidates.allowed_node_type_ids allows.',
  },
  node_type_denied: { retryable: false, message: 'The node type is among candidates.denied_node_type_ids.' },
  side_effect_not_allowed: {
    retryable: false,
    message: 'The side effect of the node type is above gates.side_effect_class.',
  },
  budget_exceeded: { retryable: false, message: 'A budget of the run is used up.' },
  execution_uncertain: {
    retryable: false,
    message:
      'The process that ran this node run was lost; it may have taken effect and must not be repeated by itself.',
  },
  outputs_too_large: { retryable: false, message: 'The outputs are larger than this installation keeps.' },
} as const satisfies Record<string, Omit<ErrorDefinition, 'status'>>;

export type NodeRunErrorCode = keyof typeof NODE_RUN_ERROR_CATALOGUE;

/** What a thrower may add to a catalogue entry. */
export interface AppErrorOptions {
  /** Replaces the catalogue's sentence. Must name what to do; must not hold secrets or internals: it goes to the caller. */
  readonly message?: string;
  /** Goes to the caller as `error.details`. */
  readonly details?: Record<string, unknown>;
  /** Logged, never sent. */
  readonly cause?: unknown;
}

/**
 * The one error that services throw on purpose. The error filter writes it as an ErrorEnvelope with the catalogue's status.
 *
 * @example throw new AppError('run_not_found', { details: { run_id: runId } });
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly details: Record<string, unknown> | undefined;

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    super(options.message ?? ERROR_CATALOGUE[code].message, { cause: options.cause });
    this.code = code;
    this.details = options.details;
  }

  get status(): number {
    return ERROR_CATALOGUE[this.code].status;
  }

  get retryable(): boolean {
    return ERROR_CATALOGUE[this.code].retryable;
  }
}
