import fc from 'fast-check';
import type { Principal } from '#contract';
import { mayReach, ownerBorder, ownerOf, ownerOfRun } from './reach.js';

const principal = (subject: string, tenantId?: string): Principal => {
  const who = { subject, ...(tenantId === undefined ? {} : { tenantId }) };
  return { ...who, owner: ownerOf(who) };
};

describe('who may reach what', () => {
  it.each([
    ['his own', principal('a'), 'subject:a', true],
    ["another's", principal('a'), 'subject:b', false],
    ["his tenant's", principal('a', 't'), 'tenant:t', true],
    ["another tenant's", principal('a', 't'), 'tenant:u', false],
    ['what he made himself before he had a tenant', principal('a', 't'), 'subject:a', false],
    ['a tenant that is called as he is', principal('t'), 'tenant:t', false],
    ['what was made without authentication', principal('a'), null, false],
    ['anything, without authentication', { subject: 'dev' }, 'tenant:t', true],
    [
      'anything, with tenant.all',
      { ...principal('a'), permissions: new Set(['tenant.all'] as const) },
      'tenant:t',
      true,
    ],
    [
      'nothing, with other permissions',
      { ...principal('a'), permissions: new Set(['run.read'] as const) },
      'tenant:t',
      false,
    ],
  ] as [string, Principal, string | null, boolean][])('%s', (_, asking, owner, may) => {
    expect(mayReach(asking, { owner, runId: 'r' })).toBe(may);
    const border = ownerBorder(asking);
    expect(border === undefined || border === owner).toBe(may);
  });

  it('the holder of an assignment his run, whoever owns it', () => {
    const holder: Principal = { subject: 'node-run:n', assignment: { runId: 'r', nodeRunId: 'n', epoch: 1 } };
    expect(mayReach(holder, { owner: 'tenant:t', runId: 'r' })).toBe(true);
    expect(mayReach(holder, { owner: 'tenant:t', runId: 's' })).toBe(false);
  });

  it('owners are the same exactly when tenant, or without one subject, are the same', () => {
    const who = fc.record({ subject: fc.string(), tenantId: fc.option(fc.string(), { nil: undefined }) });
    const plain = ({ subject, tenantId }: { subject: string; tenantId: string | undefined }) =>
      principal(subject, tenantId);
    fc.assert(
      fc.property(who, who, (left, right) => {
        const isSame =
          left.tenantId === undefined
            ? right.tenantId === undefined && left.subject === right.subject
            : left.tenantId === right.tenantId;
        expect(plain(left).owner === plain(right).owner).toBe(isSame);
      }),
    );
  });

  it('the owner of a run is that of its context', () => {
    expect(ownerOfRun({ tenant_id: 't', actor: { type: 'user', id: 'a' } })).toBe('tenant:t');
    expect(ownerOfRun({ actor: { type: 'user', id: 'a' } })).toBe('subject:a');
    expect([ownerOfRun({}), ownerOfRun(undefined)]).toEqual([undefined, undefined]);
  });
});
