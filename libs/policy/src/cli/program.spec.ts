import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createProgram } from './program.js';

const EXAMPLES = fileURLToPath(new URL('../../../../examples/policies', import.meta.url));
const GOOD = {
  Version: '1',
  Statement: [
    { Sid: 'A', Effect: 'Allow', Action: 'run.start', Resource: '*' },
    { Sid: 'D', Effect: 'Deny', Action: 'run.cancel', Resource: '*' },
  ],
};
const CASE = {
  name: 'starts',
  action: 'run.start',
  resource: 'run:*',
  expect: { decision: 'allow', reason_code: 'explicit_allow', statement: 'A' },
};

describe('jarvis-policy', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'arp-policy-cli-'));
  });
  afterEach(async () => rm(folder, { recursive: true }));

  const write = async (name: string, content: unknown) => {
    const file = join(folder, name);
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
    return file;
  };
  async function run(...args: string[]) {
    const [out, err]: [string[], string[]] = [[], []];
    const code = await createProgram({ line: (text) => out.push(text), problem: (text) => err.push(text) })(args);
    return { code, out: out.join('\n'), err: err.join('\n') };
  }

  it('runs the tables of all examples as a program, and each statement is in some case', () => {
    const bin = fileURLToPath(new URL('../../bin/jarvis-policy.js', import.meta.url));
    const done = spawnSync(process.execPath, [bin, 'test', EXAMPLES, '--require-coverage', '--json'], {
      encoding: 'utf8',
    });
    expect(done).toMatchObject({ status: 0, stderr: '' });
    const { passed, results } = JSON.parse(done.stdout) as {
      passed: boolean;
      results: { policy: string; cases: { passed: boolean }[] }[];
    };
    expect(passed).toBe(true);
    expect(results.map(({ policy }) => policy.slice(EXAMPLES.length + 1))).toEqual([
      'approve-irreversible.json',
      'approve-irreversible.cedar',
      'first-party-atomic-only.json',
      'first-party-atomic-only.cedar',
      'office-hours.json',
      'read-only-tenants.json',
      'reference-style.json',
    ]);
    expect(results.flatMap(({ cases }) => cases).length).toBeGreaterThan(30);
    const files = results.map(({ policy }) => policy);
    expect(spawnSync(process.execPath, [bin, 'validate', '--strict', ...files]).status).toBe(0);
    expect(
      spawnSync(process.execPath, [bin, 'explain', join(EXAMPLES, 'none.json'), '--action', 'a', '--resource', 'b'])
        .status,
    ).toBe(2);
    const piped = spawnSync(
      process.execPath,
      [
        bin,
        'explain',
        join(EXAMPLES, 'approve-irreversible.json'),
        '--action',
        'node.run.execute',
        '--resource',
        'node_type:x',
        '--context',
        '-',
      ],
      { input: '{"node_type": {"side_effect": "irreversible"}}', encoding: 'utf8' },
    );
    expect(piped).toMatchObject({ status: 0, stdout: expect.stringContaining('one of the roles approver, admin') });
  });

  it('validates, with positions, and ends with 1 when a policy is not valid', async () => {
    const [good, bad] = [await write('good.json', GOOD), await write('bad.json', '{\n  "Statment": 1\n}')];
    expect(await run('validate', good)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/good\.json: valid, 2 statements, hash [0-9a-f]{64}$/),
    });
    const both = await run('validate', good, bad);
    expect(both.code).toBe(1);
    expect(both.out).toContain(`${bad}:2:3: error: Statment: Unknown key`);
    const { results } = JSON.parse((await run('validate', '--json', good, bad)).out) as { results: object[] };
    expect(results).toMatchObject([
      { file: good, valid: true, version: '1', statements: 2, problems: [] },
      { file: bad, valid: false, problems: [{ line: 1 }, { severity: 'error', line: 2, column: 3 }] },
    ]);
  });

  it('takes warnings for errors when it is asked to', async () => {
    const file = await write('p.json', { Statement: { Effect: 'Deny', Action: 'run.strat', Resource: '*' } });
    expect((await run('validate', file)).code).toBe(0);
    expect(await run('validate', '--strict', file)).toMatchObject({
      code: 1,
      out: expect.stringContaining('warning: '),
    });
  });

  it('tests a policy by its table, and says what no case matches', async () => {
    const [policy, table] = [await write('p.json', GOOD), await write('p.test.json', [CASE])];
    for (const path of [policy, table, folder]) {
      expect(await run('test', path)).toEqual({
        code: 0,
        out: `${policy}: 1 of 1 cases passed\n${policy}: no case matches D`,
        err: '',
      });
    }
    expect((await run('test', policy, '--require-coverage')).code).toBe(1);
  });

  it('says what is not as a case expects', async () => {
    const policy = await write('p.json', GOOD);
    const expect_ = { decision: 'deny', reason_code: 'explicit_deny', statement: 1 };
    await write('p.test.json', {
      context: { run: { id: '1' } },
      cases: [CASE, { ...CASE, name: 'other', expect: expect_ }],
    });
    expect(await run('test', policy)).toMatchObject({
      code: 1,
      out: [
        `${policy}: "other": decision is allow and not deny: A allows it.`,
        `${policy}: "other": reason_code is explicit_allow and not explicit_deny`,
        `${policy}: "other": it was decided by A and not by 1`,
        `${policy}: 1 of 2 cases passed`,
        `${policy}: no case matches D`,
      ].join('\n'),
    });
    await writeFile(policy, '{}');
    expect(await run('test', policy)).toMatchObject({
      code: 1,
      out: expect.stringContaining('"Statement" is missing'),
    });
  });

  it('adds the context of a case to the one of the table', async () => {
    const Condition = { StringEquals: { 'run.id': '1', 'node_type.kind': 'atomic', 'node_type.id': 'own' } };
    const policy = await write('p.json', { Statement: { Effect: 'Allow', Action: '*', Resource: '*', Condition } });
    const context = { run: { id: '1' }, node_type: { kind: 'atomic', id: 'shared' } };
    const one = {
      name: 'one',
      action: 'a',
      resource: 'b',
      context: { node_type: { id: 'own' } },
      expect: { decision: 'allow' },
    };
    await write('p.test.json', {
      context,
      cases: [one, { ...one, name: 'two', context: {}, expect: { decision: 'deny' } }],
    });
    expect((await run('test', policy)).out).toContain('2 of 2 cases passed');
  });

  it.each([
    ['{', 'is not JSON'],
    [[], 'at least one'],
    [{ cases: [CASE], contxt: {} }, 'Did you mean "context"?'],
    [[{ ...CASE, expected: {} }], 'Did you mean "expect"?'],
    [[{ ...CASE, expect: { decision: 'allowed' } }], '"decision" must be one of'],
    [[{ ...CASE, expect: { decision: 'allow', sid: 'A' } }], 'unknown key "sid"'],
    [[{ ...CASE, expect: { decision: 'allow', reason_code: 'explicit' } }], '"reason_code" must be one of'],
    [[CASE, CASE], 'two cases are called "starts"'],
    [[{ ...CASE, action: 1 }], 'must be texts'],
  ])('refuses the table %j with 2', async (table, message) => {
    const policy = await write('p.json', GOOD);
    await write('p.test.json', table);
    expect(await run('test', policy)).toMatchObject({ code: 2, out: '', err: expect.stringContaining(message) });
  });

  it('explains', async () => {
    const policy = await write('p.json', GOOD);
    const asked = ['--action', 'run.start', '--resource', 'run:1'];
    expect(await run('explain', policy, ...asked)).toEqual({
      code: 0,
      out: 'allow (explicit_allow): A allows it.\n\nA (allow): decided\nD (deny): no match\n    action "run.start" matches no Action of "run.cancel"',
      err: '',
    });
    const context = await write('context.json', { run: { id: '1' } });
    const json = await run('explain', policy, ...asked, '--context', context, '--json');
    expect(JSON.parse(json.out)).toMatchObject({
      hash: expect.any(String),
      verdict: { decision: 'allow' },
      statements: [{ outcome: 'decided' }, {}],
    });
    expect((await run('explain', await write('bad.json', '{}'), ...asked)).code).toBe(1);
    expect((await run('explain', policy, ...asked, '--context', await write('list.json', '[]'))).err).toContain(
      'must hold a JSON object',
    );
  });

  it('helps with examples, and ends with 2 when it cannot be run as asked', async () => {
    for (const command of ['validate', 'test', 'explain']) {
      const { code, out } = await run(command, '--help');
      expect([code, out]).toEqual([
        0,
        expect.stringMatching(new RegExp(`Examples:\\s+npx jarvis-policy ${command}[\\s\\S]*Exit codes: 0`)),
      ]);
    }
    for (const args of [
      [],
      ['check'],
      ['validate'],
      ['explain', 'p.json'],
      ['validate', join(folder, 'none.json')],
      ['test', join(folder, 'none')],
      ['test', folder],
    ]) {
      const { code, err, out } = await run(...args);
      expect([args, code]).toEqual([args, 2]);
      expect(err + out).not.toBe('');
    }
  });
});
