import { parsePolicyDocument } from './policy-document.js';
import { problemLine } from './policy-problem.js';

const linesOf = (text: string) => parsePolicyDocument(text).problems.map((problem) => problemLine('p.json', problem));
const statement = (members: object) =>
  JSON.stringify({ Statement: [{ Effect: 'Allow', Action: 'run.start', Resource: '*', ...members }] });
const only = (members: object) => {
  const lines = linesOf(statement(members));
  expect(lines).toHaveLength(1);
  return lines[0];
};

describe('parsePolicyDocument', () => {
  it('reads what the reference reads', () => {
    const text = `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "run.*", "Resource": ["run:*", "node_type:[a-c]?"],
      "Condition": {"StringEquals": {"node_type.kind": "atomic"}, "StringLike": {"principal.subject": ["a*", "b"]}}}}`;
    const { document, problems } = parsePolicyDocument(text);
    expect(problems).toEqual([]);
    expect(document).toMatchObject({ version: '2012-10-17', statements: [{ ref: { index: 0 }, effect: 'allow' }] });
    expect(document?.statements[0]?.conditions.map(({ operator, key, expected }) => [operator, key, expected])).toEqual(
      [
        ['StringEquals', 'node_type.kind', ['atomic']],
        ['StringLike', 'principal.subject', ['a*', 'b']],
      ],
    );
    expect(parsePolicyDocument(`\uFEFF${text}`).document).toBeDefined();
  });

  it('lists all problems at once, in order, with line and column', () => {
    const text = `{
  "Version": 2,
  "Statment": [],
  "Statement": [
    {
      "Sid": "One", "Sid": "Two",
      "Effect": "allow",
      "Acton": "run.start",
      "Resource": []
    },
    "x",
    {
      "Effect": "Deny", "Action": ["run.start", 3], "Resource": "*", "NotResource": "run:1",
      "Condition": {
        "StringEqual": {"node_type.kind": "atomic"},
        "NumericLessThan": {"constraints.max_depth": ["2", "two", {}], "constraints.max_cost": []},
        "IpAddress": {"node_type.jarvis.addr": "10.0.0.0/33"},
        "Bool": {}
      },
      "Approval": {"Role": ["a"]}
    }
  ]
}`;
    expect(linesOf(text)).toEqual([
      'p.json:2:14: error: Version: It must be a text, not the number 2.',
      'p.json:3:3: error: Statment: Unknown key "Statment". Known are Version, Id, Timezone, Statement. Did you mean "Statement"?',
      'p.json:5:5: error: Statement[0]: The key "Action" (or "NotAction") is missing: a text, or a list of texts; "*" for all.',
      'p.json:6:21: error: Statement[0].Sid: The key "Sid" is there twice; which one counts depends on the reader.',
      'p.json:7:17: error: Statement[0].Effect: It must be one of "Allow", "Deny", "RequireApproval", not "allow". Did you mean "Allow"?',
      expect.stringMatching(
        /^p\.json:8:7: error: Statement\[0\]\.Acton: Unknown key "Acton"\..* Did you mean "Action"\?$/,
      ),
      'p.json:9:19: error: Statement[0].Resource: The list is empty: name at least one.',
      'p.json:11:5: error: Statement[1]: A statement is an object, not a text.',
      'p.json:13:49: error: Statement[2].Action: It must be a text or a list of texts, not the number 3.',
      'p.json:13:70: error: Statement[2].NotResource: A statement has either "Resource" or "NotResource", not both.',
      expect.stringMatching(
        /^p\.json:15:9: error: .*Unknown operator "StringEqual"\..* Did you mean "StringEquals"\?$/,
      ),
      'p.json:16:60: error: Statement[2].Condition.NumericLessThan.constraints.max_depth: It must be a number, or a text with one, not "two".',
      'p.json:16:67: error: Statement[2].Condition.NumericLessThan.constraints.max_depth: It must be a number, or a text with one, not an object.',
      'p.json:16:96: error: Statement[2].Condition.NumericLessThan.constraints.max_cost: The list is empty: name at least one value.',
      expect.stringMatching(
        /^p\.json:17:48: error: .*It must be an IPv4 or IPv6 address or range, .*, not "10\.0\.0\.0\/33"\.$/,
      ),
      'p.json:18:17: error: Statement[2].Condition.Bool: It must be an object of keys, such as {"principal.tenant_id": "acme"}, not an empty one.',
      'p.json:20:7: error: Statement[2].Approval: Only a statement with the Effect "RequireApproval" has approval options.',
      expect.stringMatching(/^p\.json:20:20: error: Statement\[2\]\.Approval\.Role: .* Did you mean "Roles"\?$/),
    ]);
    expect(parsePolicyDocument(text).document).toBeUndefined();
  });

  it.each([
    ['', '1:1: error: The file is empty.'],
    ['[]', '1:1: error: A policy is an object with the key "Statement", not a list.'],
    ['{}', '1:1: error: The key "Statement" is missing: a statement, or a list of them.'],
    ['{"Statement": []}', '1:15: error: Statement: The list is empty, so everything would be denied.'],
    ['{\n "Statement": [1,],\n}', '2:18: error: A value is expected here; a comma after the last one is not allowed.'],
    ['{ // why\n}', '1:3: error: JSON has no comments.'],
    ['{"Statement": [', '1:16: error: '],
    ['{"a": "b\nc"}', '1:7: error: '],
    ['{} {}', '1:4: error: The document has ended before this.'],
    ['['.repeat(200_000), '1:1: error: The document is nested too deeply.'],
  ])('refuses %.20j', (text, line) => {
    expect(linesOf(text)[0]?.slice('p.json:'.length)).toContain(line);
    expect(parsePolicyDocument(text).document).toBeUndefined();
  });

  it.each([
    [{ Effect: undefined }, 'The key "Effect" is missing'],
    [{ Action: '' }, 'not an empty one'],
    [{ Principal: '*' }, 'Who asks is a condition'],
    [{ Condition: [] }, 'It must be an object of operators'],
    [{ Condition: { StringEquals: 'x' } }, 'It must be an object of keys'],
    [{ Condition: { StringEquals: { 'a..b': 'x' } } }, '"a..b" is not a dotted key'],
    [{ Condition: { StringEquals: { 'run.id': null } } }, 'not null'],
    [{ Condition: { 'ForAnyValue:Null': { 'run.id': true } } }, 'so it has no prefix'],
    [{ Condition: { ExistsIfExists: { 'run.id': true } } }, 'would always hold'],
    [{ Condition: { 'ForAnyValue:StringLik': { 'run.id': 'a' } } }, 'Did you mean "ForAnyValue:StringLike"?'],
    [{ Condition: { DateLessThan: { 'time.now': '2026-13-01' } } }, 'not "2026-13-01"'],
    [{ Condition: { TimeBetween: { 'time.now': '09:00-09:00' } } }, 'times of a day'],
    [{ Condition: { TimeBetween: { 'time.now': '09:00-17:00 Europe/Atlantis' } } }, 'times of a day'],
    [{ Condition: { DayOfWeek: { 'time.now': 'monday' } } }, 'It must be days'],
    [{ Condition: { IpAddress: { 'node_type.jarvis.addr': '::ffff:10.0.0.0/104' } } }, 'address or range'],
    [{ Effect: 'RequireApproval', Approval: { ExpiresInSeconds: 0 } }, 'whole number of seconds'],
    [{ Effect: 'RequireApproval', Approval: { MaskInputs: ['password'] } }, '"password" is not a JSON Pointer'],
    [{ Effect: 'RequireApproval', Approval: { Roles: [] } }, 'The list is empty'],
    [{ Effect: 'RequireApproval', Approval: { Reason: '' } }, 'a text that is not empty'],
    [{ Effect: 'RequireApproval', Approval: true }, 'It must be an object'],
  ])('refuses %j', (members, message) => {
    expect(only(members)).toContain(`error: `);
    expect(only(members)).toContain(message);
  });

  it('refuses a zone that does not exist', () => {
    expect(linesOf('{"Timezone": "Berlin", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}')).toEqual([
      'p.json:1:14: error: Timezone: "Berlin" is not a time zone; IANA names are, such as Europe/Berlin or UTC.',
    ]);
  });

  it.each([
    [{ Action: 'node.run.exceute' }, '"node.run.exceute" is none of the actions', 'Did you mean "node.run.execute"?'],
    [
      { Condition: { StringEquals: { 'node_type.trusttier': 'x' } } },
      'may never be there',
      'Did you mean "node_type.trust_tier"?',
    ],
    [{ Condition: { 'ForAllValues:StringEquals': { 'node_type.tags': 'x' } } }, 'ForAllValues holds when', 'Exists'],
  ])('warns of %j', (members, ...messages) => {
    for (const message of ['warning: ', ...messages]) expect(only(members)).toContain(message);
    expect(parsePolicyDocument(statement(members)).document).toBeDefined();
  });

  it('does not warn where a list must be there', () => {
    const all = { 'ForAllValues:StringEquals': { 'node_type.tags': 'x' } };
    for (const Condition of [
      { ...all, Exists: { 'node_type.tags': true } },
      { ...all, Null: { 'node_type.tags': 'false' } },
    ]) {
      expect(linesOf(statement({ Condition }))).toEqual([]);
    }
    expect(linesOf(statement({ Effect: 'Deny', Condition: all }))).toEqual([]);
  });

  it('warns of a Sid that is there twice', () => {
    const one = { Sid: 'A', Effect: 'Allow', Action: '*', Resource: '*' };
    expect(linesOf(JSON.stringify({ Statement: [one, one] }))).toEqual([
      expect.stringContaining('"A" is the Sid of Statement[0] too'),
    ]);
  });
});
