import type { DispatchTicket } from '../due-work/dispatch-ticket.js';

/** Node runs that wait in this process, taken from tenants in turn. Each tenant has room for a bounded number. */
export class Turns {
  private readonly queues = new Map<string, Map<string, DispatchTicket>>();
  private readonly ids = new Set<string>();

  constructor(private readonly perTenant: number) {}

  get size(): number {
    return this.ids.size;
  }

  has(nodeRunId: string): boolean {
    return this.ids.has(nodeRunId);
  }

  /** @returns false when it waits already or its tenant has no room; then it stays in the queue of the database */
  add(ticket: DispatchTicket): boolean {
    const queue = this.queues.get(ticket.tenant_id) ?? new Map<string, DispatchTicket>();
    if (queue.has(ticket.node_run_id) || queue.size >= this.perTenant) return false;
    queue.set(ticket.node_run_id, ticket);
    this.queues.set(ticket.tenant_id, queue);
    this.ids.add(ticket.node_run_id);
    return true;
  }

  /** The oldest of the tenant whose turn it is. */
  next(): DispatchTicket | undefined {
    const [turn] = this.queues;
    if (turn === undefined) return undefined;
    const [tenant, queue] = turn;
    this.queues.delete(tenant);
    const [ticket] = queue.values();
    if (ticket === undefined) return this.next();
    queue.delete(ticket.node_run_id);
    this.ids.delete(ticket.node_run_id);
    // To the back of the round.
    if (queue.size > 0) this.queues.set(tenant, queue);
    return ticket;
  }

  clear(): void {
    this.queues.clear();
    this.ids.clear();
  }
}
