import type { NodeType, PolicyDecisionRequest } from '#contract';
import { nodeTypePolicyFacts } from './policy-facts.js';
import { policyQueryOf } from './policy-query.js';

const ENVIRONMENT = { service: 'arp-run-coordinator', now: new Date('2026-11-22T17:05:00Z') };
const REQUEST: PolicyDecisionRequest = {
  action: 'node.run.execute',
  run_id: 'run-1',
  node_run_id: 'node_run-1',
  node_type_ref: { node_type_id: 'acme.payment.send', version: '1.2.3' },
  run_context: {
    tenant_id: 'acme',
    actor: { type: 'user', id: 'ann' },
    identity: { issuer: 'https://login', subject: 'ann', client_id: 'cli', actors: ['portal'], roles: ['arp-user'] },
    policy: { principal: { roles: ['arp-admin'] } },
    extensions: { 'acme.roles': ['arp-admin'] },
  },
  constraints: { budgets: { max_steps: 3 }, gates: { require_approval: false } },
};
const NODE_TYPE = {
  node_type_id: 'acme.payment.send',
  version: '1.2.3',
  kind: 'atomic',
  extensions: {
    'jarvis.side_effect': 'irreversible',
    'jarvis.trust_tier': 'third_party',
    'jarvis.egress_policy': ['https://pay.example'],
    'jarvis.tags': ['money'],
    'jarvis.pack_id': 'acme.payment',
    'jarvis.examples': [{ inputs: { amount: 0.123456 } }],
    'acme.side_effect': 'read',
  },
} as NodeType;

describe('policyQueryOf', () => {
  it('tells who, what, where, when, and under which constraints', () => {
    const facts = { isIdentityVerified: true, nodeType: nodeTypePolicyFacts(NODE_TYPE) };
    expect(policyQueryOf(REQUEST, facts, ENVIRONMENT)).toEqual({
      action: 'node.run.execute',
      resource: 'node_type:acme.payment.send',
      context: {
        principal: {
          subject: 'ann',
          type: 'user',
          tenant_id: 'acme',
          issuer: 'https://login',
          client_id: 'cli',
          actors: ['portal'],
          roles: ['arp-user'],
        },
        run: { id: 'run-1' },
        node_run: { id: 'node_run-1' },
        node_type: {
          id: 'acme.payment.send',
          version: '1.2.3',
          kind: 'atomic',
          side_effect: 'irreversible',
          trust_tier: 'third_party',
          egress: ['https://pay.example'],
          tags: ['money'],
          jarvis: {
            side_effect: 'irreversible',
            trust_tier: 'third_party',
            egress_policy: ['https://pay.example'],
            tags: ['money'],
            pack_id: 'acme.payment',
          },
        },
        constraints: { budgets: { max_steps: 3 }, gates: { require_approval: false } },
        environment: { service: 'arp-run-coordinator' },
        time: { now: '2026-11-22T17:05:00.000Z', hour: 17, weekday: 'sun' },
      },
    });
  });

  it('takes nothing of context and extensions of the request', () => {
    const forged = {
      ...REQUEST,
      context: { resource: 'run:*', principal: { roles: ['arp-admin'] }, node_type: { side_effect: 'read' } },
      extensions: { 'jarvis.side_effect': 'read' },
    };
    expect(policyQueryOf(forged, {}, ENVIRONMENT)).toEqual(policyQueryOf(REQUEST, {}, ENVIRONMENT));
  });

  it('knows no principal where nobody was authenticated', () => {
    expect(policyQueryOf(REQUEST, {}, ENVIRONMENT).context['principal']).toEqual({});
  });

  it.each([
    [{ action: 'run.cancel', run_id: 'run-1' }, 'run:run-1'],
    [{ action: 'run.start' }, 'run:*'],
    [{ action: 'run.start', run_id: 'run-1', node_type_ref: { node_type_id: 'a.b', version: '1' } }, 'node_type:a.b'],
  ])('names what is acted on: %j is %s', (request, resource) => {
    expect(policyQueryOf(request, {}, ENVIRONMENT).resource).toBe(resource);
  });

  it('knows the root node type at a start', () => {
    const start = { action: 'run.start', run_id: 'run-1', node_type_ref: { node_type_id: 'a.b', version: '1' } };
    expect(policyQueryOf(start, {}, ENVIRONMENT).context['run']).toEqual({ id: 'run-1', root_node_type_id: 'a.b' });
  });
});
