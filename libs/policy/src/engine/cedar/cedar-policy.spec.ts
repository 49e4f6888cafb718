import { loadPolicy } from '../load-policy.js';
import type { JsonObject, PolicyEngine } from '../policy-engine.js';
import { problemLine } from '../policy-problem.js';

async function engineOf(text: string): Promise<PolicyEngine> {
  const { engine, problems } = await loadPolicy('p.cedar', text);
  if (engine === undefined) throw new Error(JSON.stringify(problems));
  return engine;
}
const linesOf = async (text: string) =>
  (await loadPolicy('p.cedar', text)).problems.map((problem) => problemLine('p.cedar', problem));

const context: JsonObject = {
  principal: { subject: 'ann', tenant_id: 'acme', roles: ['user', 'lead'] },
  node_type: { id: 'acme.mail.send', kind: 'atomic', side_effect: 'irreversible', tags: ['mail', null], egress: null },
  constraints: { max_depth: 3, max_cost: 0.25 },
  environment: { source_ip: '10.1.2.3' },
  time: { now: '2026-11-20T13:00:00+01:00' },
};
const query = (over: JsonObject = context) => ({
  action: 'node.run.execute',
  resource: 'node_type:acme.mail.send',
  context: over,
});
const reason = async (text: string, over?: JsonObject) => (await engineOf(text)).decide(query(over)).reason_code;
const ALL = 'permit (principal, action, resource);';

describe('Cedar', () => {
  it.each([
    ['principal == Principal::"ann"'],
    ['principal in Role::"lead"'],
    ['principal in Tenant::"acme"'],
    ['principal.tenant_id == "acme" && principal.roles.contains("user")'],
    ['action == Action::"node.run.execute"'],
    ['resource == NodeType::"acme.mail.send" && resource.side_effect == "irreversible"'],
    ['context.node_type.tags == ["mail"]'],
    ['!(context.node_type has egress)'],
    ['context.constraints.max_depth < 4'],
    ['context.constraints.max_cost.lessThan(decimal("0.3"))'],
    ['context.environment.source_ip.isInRange(ip("10.0.0.0/8"))'],
    ['context.time.now >= datetime("2026-11-20T12:00:00Z") && context.time.now < datetime("2026-11-20T12:00:01Z")'],
    ['!(context has run)'],
  ])('is told of %s', async (condition) => {
    expect(await reason(`permit (principal, action, resource) when { ${condition} };`)).toBe('explicit_allow');
    expect(await reason(`permit (principal, action, resource) unless { ${condition} };`)).toBe('default_deny');
  });

  it('gives a resource the attributes of the context only when it is the same', async () => {
    const engine = await engineOf(
      'permit (principal, action, resource is NodeType) when { resource has side_effect };',
    );
    expect(engine.decide(query()).decision).toBe('allow');
    expect(engine.decide({ ...query(), resource: 'node_type:other' }).decision).toBe('deny');
    expect(engine.decide({ ...query(), resource: 'run:1' }).decision).toBe('deny');
    const run = await engineOf(
      'permit (principal, action, resource == Run::"*"); permit (principal, action, resource == Resource::"Odd thing");',
    );
    expect(run.decide({ ...query(), resource: 'run:*' }).decision).toBe('allow');
    expect(run.decide({ ...query(), resource: 'Odd thing' }).decision).toBe('allow');
  });

  it('lets forbid win, then approval, then permit', async () => {
    const ask = `@id("R") @effect("require_approval") @approval_roles("lead, boss") @approval_expires_in_seconds("60")
      @approval_mask_inputs("/a") @approval_reason("Why") ${ALL}`;
    const more = `@effect("require_approval") @approval_mask_inputs("/b") ${ALL}`;
    expect((await engineOf(`@id("A") ${ALL}`)).decide(query())).toMatchObject({
      decision: 'allow',
      reason_code: 'explicit_allow',
      statement: { index: 0, sid: 'A' },
    });
    expect((await engineOf(`${ALL} ${ask} ${more}`)).decide(query())).toEqual({
      decision: 'require_approval',
      reason_code: 'explicit_approval',
      message: 'R wants a person to approve it.',
      statement: { index: 1, sid: 'R' },
      approval: { roles: ['lead', 'boss'], expires_in_seconds: 60, mask_inputs: ['/a', '/b'], reason: 'Why' },
    });
    expect(
      (await engineOf(`${ALL} ${ask} @id("F") forbid (principal, action, resource);`)).decide(query()),
    ).toMatchObject({
      decision: 'deny',
      reason_code: 'explicit_deny',
      statement: { index: 2, sid: 'F' },
    });
  });

  it('names the right one of many, in the order of the file', async () => {
    const many = Array.from(
      { length: 25 },
      (_, n) => `@id("p${n}") permit (principal, action == Action::"a${n}", resource);`,
    );
    const engine = await engineOf(many.join('\n'));
    for (const n of [0, 2, 9, 10, 11, 24]) {
      expect(engine.decide({ ...query(), action: `a${n}` }).statement).toEqual({ index: n, sid: `p${n}` });
    }
    expect(engine.size).toBe(25);
  });

  it('denies when a forbid or an approval fails, where Cedar itself would pass over it', async () => {
    const fails = 'when { context.node_type.nothing == "x" };';
    expect(await reason(`${ALL} forbid (principal, action, resource) ${fails}`)).toBe('evaluation_error');
    expect(await reason(`${ALL} @effect("require_approval") permit (principal, action, resource) ${fails}`)).toBe(
      'evaluation_error',
    );
    expect(await reason(`${ALL} permit (principal, action, resource) ${fails}`)).toBe('explicit_allow');
    expect(await reason(`permit (principal, action, resource) ${fails}`)).toBe('default_deny');
    expect(
      await reason(`${ALL} forbid (principal, action, resource) ${fails} forbid (principal, action, resource);`),
    ).toBe('explicit_deny');
  });

  it.each<[string, JsonObject]>([
    ['a number', { constraints: { max_cost: 0.123456 } }],
    ['a number that is too large', { constraints: { max_cost: 2 ** 60 } }],
    ['a time', { time: { now: 'SECRET' } }],
    ['an address', { environment: { source_ip: 'SECRET' } }],
    ['a name that Cedar keeps for itself', { run: { __entity: { type: 'Role', id: 'admin' } } }],
  ])('denies when the context holds %s it cannot be told of', async (_, over) => {
    const engine = await engineOf(ALL);
    const verdict = engine.decide(query(over));
    expect(verdict).toMatchObject({ decision: 'deny', reason_code: 'evaluation_error' });
    expect(verdict.message).not.toContain('SECRET');
    expect(engine.explain(query(over)).verdict).toEqual(verdict);
  });

  it('explains which part of which policy did not hold', async () => {
    const engine = await engineOf(`@id("A") ${ALL}
      @id("B") permit (principal, action == Action::"run.start", resource);
      @id("C") forbid (principal, action, resource) when { context.node_type.kind == "composite" };
      @id("D") permit (principal, action, resource) when { context.node_type.nothing };`);
    const { verdict, statements } = engine.explain(query());
    expect(verdict).toEqual(engine.decide(query()));
    expect(statements.map(({ statement, effect, outcome }) => [statement.sid, effect, outcome])).toEqual([
      ['A', 'allow', 'decided'],
      ['B', 'allow', 'no_match'],
      ['C', 'deny', 'no_match'],
      ['D', 'allow', 'error'],
    ]);
    const [, b, c, d] = statements.map(({ mismatches }) =>
      mismatches.map(({ part, message }) => `${part}: ${message}`).join(),
    );
    expect(b).toMatch(/^action: action is Action::"node\.run\.execute", and the scope wants .*run\.start/);
    expect(c).toMatch(/^condition: does not hold: when \{.*composite/);
    expect(d).toMatch(/^condition: fails \(.*nothing.*\): when/);
  });

  it.each([
    ['permit (principal, action, resource)\nwhen { foo };', 'p.cedar:2:8: error: invalid variable: foo'],
    ['// öäü €\npermit (principal, action, resource) when { ö };', 'p.cedar:2:'],
    ['permit (principal, action, resource) when { "ö€" == foo };', 'p.cedar:1:53: error: '],
    ['', 'p.cedar:1:1: error: There is no policy, so everything would be denied.'],
    ['// nothing', 'p.cedar:1:1: error: There is no policy'],
    ['\npermit (principal == ?principal, action, resource);', 'p.cedar:2:1: error: A template'],
    [`${ALL}\n@efect("require_approval")\n${ALL}`, 'p.cedar:2:1: error: policy[1]: Unknown annotation "@efect".'],
    [`@effect("allow") ${ALL}`, 'p.cedar:1:1: error: policy[0]: It can only be "require_approval", not "allow".'],
    ['@effect("require_approval") forbid (principal, action, resource);', 'a forbid always denies'],
    [`@approval_roles("a") ${ALL}`, 'It needs @effect("require_approval") too.'],
    [`@effect("require_approval") @approval_roles("a,,b") ${ALL}`, 'without empty items'],
    [`@effect("require_approval") @approval_mask_inputs("a") ${ALL}`, 'not a JSON Pointer'],
    [`@effect("require_approval") @approval_expires_in_seconds("1h") ${ALL}`, 'whole number of seconds'],
  ])('refuses %j', async (text, line) => {
    const { engine } = await loadPolicy('p.cedar', text);
    expect(engine).toBeUndefined();
    expect((await linesOf(text)).join('\n')).toContain(line);
  });

  it('lists all that is wrong', async () => {
    const lines = await linesOf('permit (principal, action, resource) when { foo };\nforbid (x);');
    expect(lines.filter((line) => line.startsWith('p.cedar:1:'))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith('p.cedar:2:')).length).toBeGreaterThan(1);
  });

  it('warns of an @id that is there twice', async () => {
    expect(await linesOf(`@id("A") ${ALL} @id("A") ${ALL}`)).toEqual([
      expect.stringContaining('"A" is the @id of policy[0] too'),
    ]);
  });
});
