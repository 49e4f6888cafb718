import { createEgressGuard } from '../http/egress-guard.js';
import { createGuardedHttp } from '../http/guarded-http.js';
import { callFactsOf, requestRefusal } from './execution.js';
import type { ExecuteRequest, OfferedNode } from './execution.js';
import { compileSchema } from './schema-check.js';

const OPERATOR = { block: ['blocked.test'], allowPrivate: [] };
const validate = compileSchema({ type: 'object' });
const NODE = {
  manifest: { id: 'acme.a.b', egress: ['*:*'], credentials: ['acme.a'] },
  pack: { version: '1.0.0' },
  validateInputs: validate,
  validateOutputs: validate,
  host: { checksSchemas: false },
} as unknown as OfferedNode;

function request(egress: unknown): ExecuteRequest {
  return {
    run_id: 'r',
    node_run_id: 'n',
    node_type_ref: { node_type_id: 'acme.a.b', version: '1.0.0' },
    inputs: {},
    constraints: { extensions: { 'jarvis.egress': egress } },
  };
}

function rulesOf(egress: unknown) {
  return callFactsOf(NODE, request(egress), { timeLimit: 1_000, egress: OPERATOR }).egress;
}

describe('jarvis.egress of the constraints of a call', () => {
  it.each([
    [{ allow: ['a.test'] }, 'https://a.test/', true],
    [{ allow: ['a.test'] }, 'https://x.a.test/', false],
    [{ allow: ['a.test', '*.a.test'] }, 'https://x.a.test/', true],
    [{ allow: ['a.test'] }, 'https://nota.test/', false],
    [{ allow: ['a.test'] }, 'https://a.test:8443/', false],
    [{ allow: ['a.test:*'] }, 'https://a.test:8443/', true],
    [{ allow: [] }, 'https://a.test/', false],
    [{ allow: ['blocked.test'] }, 'https://blocked.test/', false],
    [{ allow: ['127.0.0.1'] }, 'http://127.0.0.1/', false],
    [{ block: ['a.test'] }, 'https://a.test:8443/', false],
    [{ block: ['a.test'] }, 'https://b.test/', true],
    [{ block: ['8.8.8.8'] }, 'http://134744072/', false],
    [{ allow: ['*'], block: ['*.a.test'] }, 'https://x.a.test/', false],
    [{}, 'https://a.test/', true],
  ])('%j lets %s through: %s', (egress, url, through) => {
    const { checkUrl } = createEgressGuard(rulesOf(egress));
    if (through) expect(() => checkUrl(new URL(url))).not.toThrow();
    else expect(() => checkUrl(new URL(url))).toThrow(expect.objectContaining({ code: 'egress_denied' }));
  });

  it('blocks an address by whatever name leads there', () => {
    const { checkAddress } = createEgressGuard(rulesOf({ block: ['8.8.8.8'] }));
    expect(() => checkAddress('dns.test', '8.8.8.8')).toThrow('The policy of this call blocks an address of dns.test.');
    expect(() => checkAddress('dns.test', '8.8.4.4')).not.toThrow();
  });

  it('holds for redirects', async () => {
    const http = createGuardedHttp(rulesOf({ allow: ['a.test'] }), {
      signal: new AbortController().signal,
      onCall: () => undefined,
      mockUpstream: () => new Response(null, { status: 302, headers: { location: 'https://b.test/' } }),
    });
    await expect(http.fetch('https://a.test/')).rejects.toMatchObject({
      code: 'egress_denied',
      message: 'b.test is not among the hosts that the policy of this call allows.',
    });
    await http.close();
  });

  it.each([
    [null, 'must be { "allow"?: [hosts], "block"?: [hosts] }.'],
    [['a.test'], 'must be {'],
    ['a.test', 'must be {'],
    [{ allow: 'a.test' }, '"allow" is no list'],
    [{ allow: null }, '"allow" is no list'],
    [{ block: [1] }, '"block" has what is no text'],
    [{ allow: ['https://a.test'] }, '"https://a.test" is not a host pattern'],
    [{ allowed: ['a.test'] }, 'it has "allowed"'],
  ])('%j refuses the call', (egress, says) => {
    expect(requestRefusal(NODE, request(egress))).toEqual({
      code: 'invalid_constraints',
      retryable: false,
      message: expect.stringContaining(says),
    });
    expect(() => rulesOf(egress)).toThrow(TypeError);
  });

  it('may be absent', () => {
    const without = { ...request({}), constraints: { extensions: { 'acme.other': 1 } } };
    expect(requestRefusal(NODE, without)).toBeUndefined();
    const facts = callFactsOf(NODE, without, { timeLimit: 1_000, egress: OPERATOR });
    expect(facts.egress).not.toHaveProperty('call');
    expect(facts.credentials).toEqual(['acme.a']);
  });
});
