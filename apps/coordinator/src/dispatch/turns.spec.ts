import fc from 'fast-check';
import type { DispatchTicket } from '../due-work/dispatch-ticket.js';
import { Turns } from './turns.js';

function ticket(tenant: string, id: string): DispatchTicket {
  return {
    bucket: 0,
    node_run_id: id,
    run_id: id,
    parent_node_run_id: null,
    owner: null,
    tenant_id: tenant,
    node_type_id: 'jarvis.core.echo',
    node_type_version: '0.1.0',
    kind: 'atomic',
    epoch: 0,
    approval: null,
    inputs: {},
    run_context: null,
    constraints: null,
    run_constraints: null,
  };
}

const drain = (turns: Turns) => {
  const order: DispatchTicket[] = [];
  for (let next = turns.next(); next !== undefined; next = turns.next()) order.push(next);
  return order;
};

describe('turns of tenants', () => {
  it('gives a tenant with one node run its turn before the second of one with many', () => {
    const turns = new Turns(100);
    for (let index = 0; index < 50; index += 1) turns.add(ticket('many', `m${index}`));
    turns.add(ticket('few', 'f0'));
    expect(
      drain(turns)
        .map(({ node_run_id }) => node_run_id)
        .slice(0, 3),
    ).toEqual(['m0', 'f0', 'm1']);
  });

  it('gives everything that was taken exactly once, in the order of each tenant, and never two turns before another waiting tenant', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 60 }), (tenants) => {
        const turns = new Turns(8);
        const taken = tenants
          .map((tenant, index) => ticket(tenant, `${tenant}${index}`))
          .filter((one) => turns.add(one));
        expect(turns.size).toBe(taken.length);
        const order = drain(turns);
        expect(turns.size).toBe(0);
        for (const tenant of ['a', 'b', 'c']) {
          const of = (all: readonly DispatchTicket[]) => all.filter(({ tenant_id }) => tenant_id === tenant);
          expect(of(order)).toEqual(of(taken));
          expect(of(taken).length).toBeLessThanOrEqual(8);
        }
        order.forEach(({ tenant_id }, index) => {
          const second = order.findIndex((one, later) => later > index && one.tenant_id === tenant_id);
          const between = second === -1 ? [] : order.slice(index + 1, second);
          const stillWaiting = new Set(order.slice(second === -1 ? order.length : second).map((one) => one.tenant_id));
          for (const waiting of stillWaiting) {
            if (waiting !== tenant_id) expect(between.map((one) => one.tenant_id)).toContain(waiting);
          }
        });
      }),
    );
  });

  it('takes nothing twice, and nothing beyond the room of the tenant', () => {
    const turns = new Turns(1);
    expect(turns.add(ticket('a', '1'))).toBe(true);
    expect(turns.add(ticket('a', '1'))).toBe(false);
    expect(turns.add(ticket('a', '2'))).toBe(false);
    expect(turns.add(ticket('b', '3'))).toBe(true);
  });
});
