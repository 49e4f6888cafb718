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
  'credential.use',
  /** Not of a route: whoever has it sees and acts across tenants. */
  'tenant.all',
] as const;

export type Permission = (typeof PERMISSIONS)[number];
