import { createHash } from 'node:crypto';
import { parsePolicyDocument } from './policy-document.js';
import type { JsonObject, PolicyEngine } from './policy-engine.js';
import { statementEngine } from './statement-engine.js';

function engineOf(policy: object): PolicyEngine {
  const { document, problems } = parsePolicyDocument(JSON.stringify(policy));
  if (document === undefined) throw new Error(JSON.stringify(problems));
  return statementEngine(document);
}

const allow = { Sid: 'A', Effect: 'Allow', Action: '*', Resource: '*' };
const deny = { Sid: 'D', Effect: 'Deny', Action: '*', Resource: '*' };
const ask = { Sid: 'R', Effect: 'RequireApproval', Action: '*', Resource: '*' };
const query = (context: JsonObject = {}, action = 'run.start', resource = 'node_type:a') => ({
  action,
  resource,
  context,
});
const answer = (statements: object[], context?: JsonObject) => {
  const { decision, reason_code, statement } = engineOf({ Statement: statements }).decide(query(context));
  return [decision, reason_code, statement?.sid];
};

describe('statementEngine', () => {
  it('lets Deny win, then RequireApproval, then Allow, and denies else', () => {
    expect(answer([allow, ask, deny])).toEqual(['deny', 'explicit_deny', 'D']);
    expect(answer([allow, ask])).toEqual(['require_approval', 'explicit_approval', 'R']);
    expect(answer([allow])).toEqual(['allow', 'explicit_allow', 'A']);
    expect(answer([{ ...allow, Action: 'run.cancel' }])).toEqual(['deny', 'default_deny', undefined]);
  });

  it('denies when a Deny or an approval cannot be evaluated; such an Allow does not match', () => {
    const broken = { Condition: { NumericLessThan: { 'constraints.max_depth': 3 } } };
    const context = { constraints: { max_depth: 'SECRET' } };
    expect(answer([allow, { ...deny, ...broken }], context)).toEqual(['deny', 'evaluation_error', 'D']);
    expect(answer([allow, { ...ask, ...broken }], context)).toEqual(['deny', 'evaluation_error', 'R']);
    expect(answer([{ ...allow, ...broken }], context)).toEqual(['deny', 'default_deny', undefined]);
    expect(answer([{ ...deny, ...broken, Sid: 'B' }, deny], context)).toEqual(['deny', 'explicit_deny', 'D']);
    const { message } = engineOf({ Statement: [allow, { ...deny, ...broken }] }).decide(query(context));
    expect(message).toBe(
      'constraints.max_depth holds nothing that NumericLessThan can compare: a condition of D could not be evaluated, so it is denied.',
    );
  });

  it('does not take a broken condition for an error when another one is false', () => {
    const Condition = { NumericLessThan: { 'constraints.max_depth': 3 }, StringEquals: { 'run.id': 'other' } };
    const context = { constraints: { max_depth: 'x' }, run: { id: 'run_1' } };
    expect(answer([allow, { ...deny, Condition }], context)).toEqual(['allow', 'explicit_allow', 'A']);
  });

  it('gives the approval options of the first statement that matches, and the masks of all', () => {
    const Approval = { Roles: ['lead'], ExpiresInSeconds: 60, MaskInputs: ['/a'], Reason: 'Why' };
    const Statement = [
      { ...ask, Condition: { StringEquals: { 'run.id': 'other' } }, Approval: { Roles: ['nobody'] } },
      { ...ask, Sid: 'R2', Approval },
      { ...ask, Sid: 'R3', Approval: { MaskInputs: ['/a', '/b~1c'] } },
    ];
    expect(engineOf({ Statement }).decide(query())).toMatchObject({
      statement: { index: 1, sid: 'R2' },
      approval: { roles: ['lead'], expires_in_seconds: 60, mask_inputs: ['/a', '/b~1c'], reason: 'Why' },
    });
    expect(engineOf({ Statement: ask }).decide(query()).approval).toEqual({ roles: [], mask_inputs: [] });
  });

  it('names the first statement in the file that decides, found literally or by a pattern', () => {
    const literal = { ...allow, Sid: 'literal', Action: 'run.start', Resource: 'node_type:a' };
    const pattern = { ...allow, Sid: 'pattern', Action: 'run.*', Resource: 'node_type:*' };
    const other = { ...allow, Sid: 'other', Action: 'run.cancel', Resource: 'node_type:a' };
    expect(answer([other, literal, pattern])[2]).toBe('literal');
    expect(answer([other, pattern, literal])[2]).toBe('pattern');
    expect(answer([{ ...literal, Action: ['run.cancel', 'run.start'] }, pattern])[2]).toBe('literal');
    const unnamed = engineOf({ Statement: [pattern, literal] });
    expect(unnamed.decide(query({}, 'run.resume')).statement?.sid).toBe('pattern');
    expect(unnamed.decide(query({}, 'other')).reason_code).toBe('default_deny');
  });

  it('leaves out what NotAction and NotResource name', () => {
    const engine = engineOf({
      Statement: { Effect: 'Allow', NotAction: 'run.cancel', NotResource: ['run:*', 'node_type:b'] },
    });
    expect(engine.decide(query()).decision).toBe('allow');
    expect(engine.decide(query({}, 'run.cancel')).decision).toBe('deny');
    expect(engine.decide(query({}, 'run.start', 'run:1')).decision).toBe('deny');
    expect(engine.decide(query({}, 'run.start', 'node_type:b')).decision).toBe('deny');
  });

  it('hashes canonical JSON: neither spaces nor the order of keys count', () => {
    const sha = (text: string) => createHash('sha256').update(text).digest('hex');
    const canonical = '{"Statement":{"Action":"*","Effect":"Deny","Resource":"*"},"Version":"1"}';
    const text = '{ "Version": "1",\n "Statement": { "Resource": "*", "Effect": "Deny", "Action": "*" } }';
    const { document } = parsePolicyDocument(text);
    const engine = document === undefined ? undefined : statementEngine(document);
    expect(engine).toMatchObject({ hash: sha(canonical), version: '1', size: 1 });
  });

  it('explains each statement: what decided, and what did not match against what', () => {
    const engine = engineOf({
      Statement: [
        allow,
        { ...allow, Sid: 'B' },
        { ...deny, Action: 'run.cancel', Resource: ['run:*', 'run:1'] },
        {
          ...deny,
          Sid: 'E',
          Condition: {
            StringEquals: { 'node_type.kind': ['composite'], 'run.id': 'x' },
            Bool: { 'constraints.dry': true },
          },
        },
        { ...deny, Sid: 'F', Condition: { Bool: { 'constraints.dry': true } } },
      ],
    });
    const { verdict, statements } = engine.explain(
      query({ node_type: { kind: 'atomic' }, constraints: { dry: 'maybe' } }),
    );
    expect(verdict).toMatchObject({ reason_code: 'evaluation_error', statement: { index: 4 } });
    expect(statements.map(({ outcome, mismatches }) => [outcome, ...mismatches.map(({ message }) => message)])).toEqual(
      [
        ['matched'],
        ['matched'],
        [
          'no_match',
          'action "run.start" matches no Action of "run.cancel"',
          'resource "node_type:a" matches no Resource of "run:*", "run:1"',
        ],
        [
          'no_match',
          'node_type.kind is "atomic"; StringEquals "composite" does not hold',
          'run.id is missing; StringEquals "x" does not hold',
          'constraints.dry is "maybe"; Bool true cannot compare it',
        ],
        ['error', 'constraints.dry is "maybe"; Bool true cannot compare it'],
      ],
    );
    const calm = engine.explain(query());
    expect(calm.statements.map(({ outcome }) => outcome)).toEqual([
      'decided',
      'matched',
      'no_match',
      'no_match',
      'no_match',
    ]);
  });
});
