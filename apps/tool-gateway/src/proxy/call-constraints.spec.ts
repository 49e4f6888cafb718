import { callConstraints } from './call-constraints.js';

const RULES = { allow: ['example.com:*', '*.example.com:*'], block: ['ads.example.com:*'] };

describe('what a call may reach', () => {
  it.each([['*'], ['*:*'], ['*.example.org']])(
    'is narrowed to the allowed domains where the node declares %s',
    (host) => {
      expect(callConstraints({ egress: [host] }, RULES).extensions).toEqual({ 'jarvis.egress': RULES });
    },
  );

  it('is not narrowed to them where the node calls a service of its own, but what is blocked stays blocked', () => {
    expect(callConstraints({ egress: ['serpapi.com'] }, RULES).extensions).toEqual({
      'jarvis.egress': { block: RULES.block },
    });
  });

  it('is what the node declares where policies say nothing', () => {
    expect(callConstraints({ egress: ['*'] }, undefined)).toEqual({});
  });

  it('is nothing at all where no domain is allowed', () => {
    expect(callConstraints({ egress: ['*'] }, { allow: [] }).extensions).toEqual({ 'jarvis.egress': { allow: [] } });
  });
});
