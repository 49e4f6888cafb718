import type { Principal, RunContext, RunStartRequest } from '#contract';
import { stampIdentity, withoutIdentity } from './identity.js';
import { ownerOf } from './reach.js';

const ISSUER = 'https://idp.example/realms/arp';
const REQUEST: RunStartRequest = { root_node_type_ref: { node_type_id: 'a', version: '1' }, input: {} };
const FORGED: RunContext = {
  tenant_id: 'globex',
  actor: { type: 'user', id: 'admin' },
  identity: { issuer: ISSUER, subject: 'admin', client_id: 'evil', roles: ['arp-admin'] },
  trace: { trace_id: 'a' },
  budgets: { tokens: 7 },
};

function user(changes: Partial<Principal> = {}): Principal {
  const who = { subject: 'alice', tenantId: 'acme', ...changes };
  return { ...who, owner: ownerOf(who), issuer: ISSUER, clientId: 'cli', ...changes };
}

const stamped = (principal: Principal, run_context?: RunContext) =>
  stampIdentity(principal, run_context === undefined ? REQUEST : { ...REQUEST, run_context }, ['gateway']).run_context;

describe('the run context', () => {
  it('says of the caller what his token says, whatever the body says', () => {
    expect(stamped(user(), FORGED)).toEqual({
      tenant_id: 'acme',
      actor: { type: 'user', id: 'alice' },
      identity: { issuer: ISSUER, subject: 'alice', client_id: 'cli' },
      trace: { trace_id: 'a' },
      budgets: { tokens: 7 },
    });
    expect(stamped(user())).toMatchObject({ tenant_id: 'acme', actor: { type: 'user', id: 'alice' } });
  });

  it('has no tenant when the token has none', () => {
    const { tenantId: _, ...without } = user();
    const context = stamped({ ...without, owner: 'subject:alice' }, FORGED);
    expect(context).not.toHaveProperty('tenant_id');
    expect(context?.actor).toEqual({ type: 'user', id: 'alice' });
  });

  it('tells a service, and somebody without a token', () => {
    expect(stamped(user({ isService: true }))?.actor).toEqual({ type: 'service', id: 'alice' });
    const anonymous = stamped({ subject: 'anonymous', owner: 'subject:anonymous' }, FORGED);
    expect(anonymous).toEqual({
      actor: { type: 'anonymous', id: 'anonymous' },
      trace: { trace_id: 'a' },
      budgets: { tokens: 7 },
    });
  });

  it('stays as it is without authentication', () => {
    expect(stamped({ subject: 'dev' }, FORGED)).toEqual(FORGED);
    expect(stamped({ subject: 'dev' })).toBeUndefined();
  });

  it('takes the word of a forwarder on the clients before it, about the same subject', () => {
    const gateway = user({ clientId: 'gateway' });
    const said = (identity: object) => stamped(gateway, { identity: { ...identity } })?.identity?.['actors'];
    expect(said({ issuer: ISSUER, subject: 'alice', client_id: 'cli' })).toEqual(['cli']);
    expect(said({ issuer: ISSUER, subject: 'alice', client_id: 'b', actors: ['a'] })).toEqual(['a', 'b']);
    expect(said({ issuer: ISSUER, subject: 'bob', client_id: 'cli' })).toBeUndefined();
    expect(said({ issuer: 'https://other.example', subject: 'alice', client_id: 'cli' })).toBeUndefined();
    expect(said({ issuer: ISSUER, subject: 'alice', client_id: 7, actors: 'x' })).toBeUndefined();
    expect(stamped(user(), { identity: { issuer: ISSUER, subject: 'alice', client_id: 'x' } })?.identity).toEqual({
      issuer: ISSUER,
      subject: 'alice',
      client_id: 'cli',
    });
  });

  it('has the actors of the token where it tells them', () => {
    expect(stamped(user({ clientId: 'c', actors: ['a', 'b'] }))?.identity?.['actors']).toEqual(['a', 'b']);
  });

  it('is the same twice, and the same by way of the gateway but for the identity', () => {
    const once = stampIdentity(user(), { ...REQUEST, run_context: FORGED }, ['gateway']);
    expect(stampIdentity(user(), once, ['gateway'])).toEqual(once);
    const forwarded = stampIdentity(user({ clientId: 'gateway' }), once, ['gateway']);
    expect(withoutIdentity(forwarded.run_context ?? {})).toEqual(withoutIdentity(once.run_context ?? {}));
  });
});
