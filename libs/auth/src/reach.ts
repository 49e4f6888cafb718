import type { Principal, RunContext } from '#contract';

/** What is asked about: its owner, and the run that it belongs to. `owner` null: it was made without authentication. */
export interface Owned {
  readonly owner: string | null;
  readonly runId: string;
}

/** Whether somebody may know of something. Whoever may not is told that it does not exist. */
export function mayReach(principal: Principal, { owner, runId }: Owned): boolean {
  if (principal.assignment !== undefined) return principal.assignment.runId === runId;
  const border = ownerBorder(principal);
  return border === undefined || border === owner;
}

/** The only owner whose things somebody may list; undefined: those of all. */
export function ownerBorder({ owner, permissions }: Principal): string | undefined {
  return permissions?.has('tenant.all') === true ? undefined : owner;
}

/** What owns what a caller makes, by his verified token. */
export function ownerOf({ subject, tenantId }: Pick<Principal, 'subject' | 'tenantId'>): string {
  return tenantId === undefined ? `subject:${subject}` : `tenant:${tenantId}`;
}

/** What owns a run, by its context, which the coordinator has stamped; undefined without authentication. */
export function ownerOfRun({ tenant_id: tenantId, actor }: RunContext = {}): string | undefined {
  if (tenantId !== undefined) return ownerOf({ subject: '', tenantId });
  return actor === undefined ? undefined : ownerOf({ subject: actor.id });
}
