/** What a caller must be allowed to do: one permission per kind of act. */
export const PERMISSIONS = [
  'run.start',
  'run.read',
  'run.cancel',
  'node_run.create',
  'node_run.read',
  'node_run.report',
  'node_run.execute',
  'artifact.read',
  'node_type.read',
  'node_type.publish',
  'node_pack.read',
  'approval.read',
  'approval.decide',
  'policy.decide',
  'agent.read',
  'agent.write',
  'agent_token.read',
  'agent_token.revoke',
  'signing_key.rotate',
  'tool_policy.read',
  'tool_policy.write',
  'tool_call.read',
  'credential.read',
  'credential.write',
  'credential.use',
  /** Not of a route: whoever has it sees and acts across tenants. */
  'tenant.all',
] as const;

export type Permission = (typeof PERMISSIONS)[number];
