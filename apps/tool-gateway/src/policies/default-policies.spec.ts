import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRequest } from '#contract';
import { evaluatePolicy } from './evaluate-policy.js';
import type { JudgedCall } from './evaluate-policy.js';
import { mergeSpecs } from './merge-specs.js';
import { problemsOfRequest } from './policy-request-problems.js';
import { ToolPolicyRequest } from './tool-policy.js';

const FOLDER = join(process.cwd(), 'examples/tool-gateway/policies');

const read = (name: string): ToolPolicyRequest => {
  const policy = JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as object;
  return readRequest(ToolPolicyRequest, { ...policy, role: name });
};

// A Wednesday, 10:00 in New York.
const CALL = { requestBytes: 1_000, hosts: [], now: new Date('2026-02-11T15:00:00Z') };

function codeOf(name: string, scope: string, call: Partial<JudgedCall> = {}): string {
  const { spec } = read(name);
  const [tool = '', action = ''] = scope.split(':');
  const verdict = evaluatePolicy(mergeSpecs([spec]), { ...CALL, tool, action, intent: spec.intent ?? '', ...call });
  return verdict.effect === 'allow' ? 'allow' : verdict.code;
}

describe('the policies of the examples', () => {
  it('are these', () => {
    expect(readdirSync(FOLDER).sort()).toEqual(['engager.json', 'enricher.json', 'scraper.json']);
  });

  it.each(['scraper', 'enricher', 'engager'])('%s can be posted, and allows each of its scopes', (name) => {
    const policy = read(name);
    expect(problemsOfRequest(policy)).toEqual([]);
    expect(policy.name).toBe(name);
    for (const scope of policy.spec.scopes) expect([scope, codeOf(name, scope)]).toEqual([scope, 'allow']);
  });

  it('keep to their tools, sizes and hours', () => {
    expect(codeOf('scraper', 'gmail_send:send')).toBe('scope_not_allowed');
    expect(codeOf('scraper', 'http_fetch:get', { requestBytes: 10_241 })).toBe('request_too_large');
    expect(codeOf('scraper', 'http_fetch:get', { now: new Date('2026-02-11T22:00:00Z') })).toBe('outside_time_window');
    expect(codeOf('enricher', 'openai:chat', { now: new Date('2026-02-14T12:00:00Z') })).toBe('outside_schedule');
    expect(codeOf('engager', 'gmail_send:send', { now: new Date('2026-02-11T13:59:00Z') })).toBe('outside_schedule');
    expect(codeOf('engager', 'gmail_send:send', { intent: 'lead_discovery' })).toBe('intent_mismatch');
  });
});
