import type { ErrorCode } from '#contract';

/** What a route answers to somebody of another tenant who may do everything in his own. */
export type ForeignAnswer =
  /** The thing does not exist for him. */
  | readonly ['refused', number, ErrorCode]
  /**
   * It is not in what is listed to him, and is in what is listed to its own tenant; by which id, if there is one now. The query, if
   * there is one, asks for it by name.
   */
  | readonly ['listed', id?: string, query?: string]
  /** Nothing of a tenant is in it, or what he makes is his own. */
  | readonly ['of no tenant'];

const NO_RUN = ['refused', 404, 'run_not_found'] as const;
const NO_NODE_RUN = ['refused', 404, 'node_run_not_found'] as const;
const NO_APPROVAL = ['refused', 404, 'approval_not_found'] as const;
const NO_AGENT = ['refused', 404, 'agent_not_found'] as const;
const NO_TOKEN = ['refused', 404, 'agent_token_not_found'] as const;
const NO_POLICY = ['refused', 404, 'tool_policy_not_found'] as const;
const NO_CREDENTIAL = ['refused', 404, 'credential_not_found'] as const;

/** By operationId. A new route is in none of the rows: somebody has to decide. */
export const FOREIGN: Readonly<Record<string, ForeignAnswer>> = {
  health: ['of no tenant'],
  version: ['of no tenant'],
  start_run: ['refused', 409, 'run_already_exists'],
  list_runs: ['listed', '{run_id}'],
  get_run: NO_RUN,
  cancel_run: NO_RUN,
  list_node_runs: NO_RUN,
  stream_run_events: NO_RUN,
  create_node_runs: NO_RUN,
  get_node_run: NO_NODE_RUN,
  stream_node_run_events: NO_NODE_RUN,
  report_node_run_evaluation: NO_NODE_RUN,
  complete_node_run: NO_NODE_RUN,
  execute_atomic_node_run: ['of no tenant'],
  cancel_atomic_node_run: ['of no tenant'],
  list_atomic_node_runs: ['listed'],
  list_node_types: ['of no tenant'],
  list_node_packs: ['of no tenant'],
  list_approvals: ['listed', '{approval_id}'],
  get_approval: NO_APPROVAL,
  approve_approval: NO_APPROVAL,
  deny_approval: NO_APPROVAL,
  decide_policy: ['of no tenant'],
  get_artifact: ['refused', 404, 'artifact_not_found'],

  create_agent: ['of no tenant'],
  list_agents: ['listed', '{agent_id}'],
  get_agent: NO_AGENT,
  update_agent: NO_AGENT,
  add_agent_key: NO_AGENT,
  remove_agent_key: NO_AGENT,
  generate_agent_token: ['refused', 401, 'agent_assertion_invalid'],
  list_tokens_of_agent: NO_AGENT,
  list_agent_tokens: ['listed', '{token_id}'],
  revoke_agent_token: NO_TOKEN,
  revoke_agent_token_as_admin: NO_TOKEN,
  // What is signed for all tenants with one key; no role of a tenant has its permission.
  rotate_signing_key: ['of no tenant'],
  get_signing_keys: ['of no tenant'],
  create_tool_policy: NO_AGENT,
  list_tool_policies: ['listed', '{policy_id}', '?agentId={agent_id}'],
  get_merged_tool_policy: NO_AGENT,
  get_tool_policy: NO_POLICY,
  update_tool_policy: NO_POLICY,
  delete_tool_policy: NO_POLICY,
  list_tool_policy_decisions: ['listed', '{agent_id}', '?agentId={agent_id}'],
  set_credential: ['of no tenant'],
  rotate_credential: ['of no tenant'],
  activate_credential: NO_CREDENTIAL,
  list_credentials: ['listed', '{id}'],
  get_active_credential: NO_CREDENTIAL,
  list_credential_versions: ['listed', '{id}'],
  delete_credential: NO_CREDENTIAL,
  // For executors, which work for all tenants.
  read_credential: ['of no tenant'],
  call_tool: ['refused', 401, 'agent_token_invalid'],
  get_job: ['refused', 401, 'agent_token_invalid'],
  get_proxy_status: ['listed', '"serpapi":true'],
  list_tool_calls: ['listed', '{agent_id}', '?agent_id={agent_id}'],
  get_gateway_health: ['of no tenant'],
  get_gateway_readiness: ['of no tenant'],
};

/** What stands for the parameters of paths, such as `{run_id}`. */
export type Ids = Readonly<Record<string, string>>;

export function withIds(text: string, ids: Ids): string {
  return text.replaceAll(/\{\w+\}/g, (name) => ids[name] ?? name);
}
