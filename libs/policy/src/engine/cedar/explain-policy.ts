import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import type { Mismatch, PolicyVerdict, StatementExplanation } from '../policy-engine.js';
import type { CedarPolicy } from './annotations.js';
import type { CedarRequest } from './entities.js';

/** Why one policy held or did not: its scope and each of its clauses are evaluated by themselves. */
export function explainPolicy(
  { index, sid, effect, json }: CedarPolicy,
  request: CedarRequest | string,
  verdict: PolicyVerdict,
): StatementExplanation {
  const statement = { statement: { index, ...(sid === undefined ? {} : { sid }) }, effect };
  if (typeof request === 'string') {
    return { ...statement, outcome: 'error', mismatches: [{ part: 'condition', message: request }] };
  }
  const whole = evaluate(json, request);
  if (whole === true) {
    return { ...statement, outcome: verdict.statement?.index === index ? 'decided' : 'matched', mismatches: [] };
  }
  const mismatches = [...scopeMismatches(json, request), ...clauseMismatches(json, request)];
  return { ...statement, outcome: whole === false ? 'no_match' : 'error', mismatches };
}

/** Whether the policy holds; a text says why that cannot be told. */
function evaluate(json: PolicyJson, request: CedarRequest): boolean | string {
  const answer = cedar.isAuthorized({ ...request, policies: { staticPolicies: { it: json } } });
  if (answer.type === 'failure') return answer.errors.map(({ message }) => message).join('; ');
  const [error] = answer.response.diagnostics.errors;
  return error === undefined ? answer.response.diagnostics.reason.includes('it') : error.error.message;
}

function scopeMismatches(json: PolicyJson, request: CedarRequest): Mismatch[] {
  const all = { op: 'All' } as const;
  const open = { ...json, conditions: [], principal: all, action: all, resource: all };
  const parts = ['principal', 'action', 'resource'] as const;
  return parts.flatMap((part) => {
    if (evaluate({ ...open, [part]: json[part] }, request) === true) return [];
    const { type, id } = request[part];
    const message = `${part} is ${type}::${JSON.stringify(id)}, and the scope wants ${JSON.stringify(json[part])}`;
    return [
      { part: part === 'principal' ? 'condition' : part, ...(part === 'principal' ? { key: part } : {}), message },
    ];
  });
}

function clauseMismatches(json: PolicyJson, request: CedarRequest): Mismatch[] {
  const all = { op: 'All' } as const;
  return json.conditions.flatMap((clause, place): Mismatch[] => {
    const alone = { effect: json.effect, principal: all, action: all, resource: all, conditions: [clause] };
    const holds = evaluate(alone, request);
    if (holds === true) return [];
    const text = cedar.policyToText(alone);
    const body =
      text.type === 'success'
        ? text.text
            .replace(/^[\s\S]*?\)\s*(?=when|unless)/, '')
            .replace(/;\s*$/, '')
            .trim()
        : `clause ${place}`;
    return [{ part: 'condition', message: holds === false ? `does not hold: ${body}` : `fails (${holds}): ${body}` }];
  });
}
