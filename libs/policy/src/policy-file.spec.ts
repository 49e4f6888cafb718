import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readSettings } from '#config';
import { PolicyFile } from './policy-file.js';
import type { PolicyFileStatus } from './policy-file.js';
import { policySettings } from './policy-settings.js';
import { openPolicy } from './policy-source.js';

const ASKED = { action: 'run.start', resource: 'run:*', context: {} };
const NEVER = 3_600_000;
const policy = (Effect: string, Version = '1') =>
  JSON.stringify({ Version, Statement: { Effect, Action: '*', Resource: '*' } });

describe('PolicyFile', () => {
  let folder: string;
  let file: string;
  let opened: PolicyFile[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'arp-policy-'));
    file = join(folder, 'policy.json');
    opened = [];
  });
  afterEach(async () => {
    for (const each of opened) await each.close();
    await rm(folder, { recursive: true });
  });

  async function open(pollMs = NEVER, path = file): Promise<PolicyFile & { readonly told: PolicyFileStatus[] }> {
    const told: PolicyFileStatus[] = [];
    const each = await PolicyFile.open(path, { pollMs, onStatus: (status) => told.push(status) });
    opened.push(each);
    return Object.assign(each, { told });
  }
  async function until(holds: () => boolean): Promise<void> {
    for (const end = Date.now() + 60_000; !holds(); await sleep(10)) {
      if (Date.now() > end) throw new Error('it did not come');
    }
  }
  const reasonOf = (each: PolicyFile) => each.engine.decide(ASKED).reason_code;

  it.each([
    ['missing', undefined],
    ['not JSON', '{'],
    ['empty', ''],
    ['not a policy', '{"Statement": [{"Effect": "Allow", "Action": "*"}]}'],
  ])('denies everything while the first file is %s, and decides once it is right', async (_, text) => {
    if (text !== undefined) await writeFile(file, text);
    const each = await open();
    expect(each.engine.decide(ASKED)).toMatchObject({ decision: 'deny', reason_code: 'invalid_policy' });
    expect(each.engine.explain(ASKED).verdict.decision).toBe('deny');
    expect(each.status).toMatchObject({
      state: 'invalid',
      hash: 'invalid_policy',
      errors: [expect.stringContaining(file)],
      warnings: [],
    });
    await writeFile(file, policy('Allow'));
    await until(() => reasonOf(each) === 'explicit_allow');
    expect(each.status).toMatchObject({ state: 'valid', version: '1', hash: each.engine.hash, errors: [] });
  });

  it('cannot be a folder', async () => {
    await mkdir(file);
    expect((await open()).status).toMatchObject({
      state: 'invalid',
      errors: [expect.stringContaining('cannot be read (EISDIR)')],
    });
  });

  it('takes a change as a whole, and keeps the last good policy when one cannot be used', async () => {
    await writeFile(file, policy('Allow', 'one'));
    const each = await open();
    const { hash, loaded_at } = each.status;
    expect(each.told).toHaveLength(1);
    await writeFile(file, '{"Statement": []}');
    await until(() => each.status.state === 'stale');
    expect(each.status).toMatchObject({
      hash,
      loaded_at,
      version: 'one',
      errors: [expect.stringMatching(/policy\.json:1:15: error: /)],
    });
    expect(reasonOf(each)).toBe('explicit_allow');
    await rm(file);
    await until(() => each.status.errors[0]?.includes('ENOENT') === true);
    expect(reasonOf(each)).toBe('explicit_allow');
    await writeFile(file, policy('Deny', 'two'));
    await until(() => reasonOf(each) === 'explicit_deny');
    expect(each.status).toMatchObject({ state: 'valid', version: 'two', errors: [] });
    expect(each.status.hash).not.toBe(hash);
  });

  it('never decides by half a file, however it is written', async () => {
    await writeFile(file, policy('Allow'));
    const each = await open(1);
    const reasons = new Set<string>();
    const asking = setInterval(() => reasons.add(reasonOf(each)), 0);
    for (let n = 0; n < 60; n += 1) {
      const text = policy(n % 2 === 0 ? 'Deny' : 'Allow', `v${n} ${'x'.repeat(50_000)}`);
      if (n % 3 === 0) await writeFile(file, text);
      else {
        await writeFile(`${file}.new`, text);
        await rename(`${file}.new`, file);
      }
      await until(() => each.engine.version?.startsWith(`v${n} `) === true);
    }
    clearInterval(asking);
    expect([...reasons].sort()).toEqual(['explicit_allow', 'explicit_deny']);
  });

  it('looks by itself when the system does not tell of changes', async () => {
    // The change happens in a folder that is not watched.
    await mkdir(join(folder, 'a'));
    await mkdir(join(folder, 'b'));
    await writeFile(join(folder, 'a', 'policy.json'), policy('Allow'));
    await symlink(join(folder, 'a', 'policy.json'), file);
    const each = await open(20);
    expect(reasonOf(each)).toBe('explicit_allow');
    await writeFile(join(folder, 'a', 'policy.json'), policy('Deny'));
    await until(() => reasonOf(each) === 'explicit_deny');
  });

  it('follows a swapped link beside it, as Kubernetes mounts files', async () => {
    for (const [name, effect] of [
      ['one', 'Allow'],
      ['two', 'Deny'],
    ] as const) {
      await mkdir(join(folder, `..${name}`));
      await writeFile(join(folder, `..${name}`, 'policy.json'), policy(effect));
    }
    await symlink('..one', join(folder, '..data'));
    await symlink(join('..data', 'policy.json'), file);
    const each = await open();
    expect(reasonOf(each)).toBe('explicit_allow');
    await symlink('..two', join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    await until(() => reasonOf(each) === 'explicit_deny');
  });

  it('changes no more after it was closed', async () => {
    await writeFile(file, policy('Allow'));
    const each = await open(1);
    await each.close();
    await writeFile(file, policy('Deny'));
    await each.reload();
    await sleep(50);
    expect(reasonOf(each)).toBe('explicit_allow');
  });

  it('tells of warnings, and reads Cedar by the name of the file', async () => {
    await writeFile(file, JSON.stringify({ Statement: { Effect: 'Deny', Action: 'run.strat', Resource: '*' } }));
    expect((await open()).status).toMatchObject({
      state: 'valid',
      warnings: [expect.stringContaining('Did you mean "run.start"?')],
    });
    const cedar = join(folder, 'policy.cedar');
    await writeFile(cedar, 'permit (principal, action, resource);');
    expect(reasonOf(await open(NEVER, cedar))).toBe('explicit_allow');
  });

  describe('by the settings', () => {
    const openBy = async (env: Record<string, string>) => {
      const source = await openPolicy(readSettings(policySettings, env), { pollMs: NEVER });
      await source.close();
      return source.engine.decide(ASKED);
    };

    it('dev-allow wins over the file, and without both everything is denied', async () => {
      await writeFile(file, policy('Deny'));
      expect(await openBy({})).toMatchObject({ decision: 'deny', reason_code: 'policy_unconfigured' });
      expect(await openBy({ JARVIS_POLICY_PATH: file })).toMatchObject({
        decision: 'deny',
        reason_code: 'explicit_deny',
      });
      expect(await openBy({ ARP_POLICY_PATH: file })).toMatchObject({ reason_code: 'explicit_deny' });
      expect(await openBy({ JARVIS_POLICY_PATH: file, JARVIS_POLICY_PROFILE: 'dev-allow' })).toMatchObject({
        decision: 'allow',
        reason_code: 'dev_allow',
      });
      expect(await openBy({ JARVIS_POLICY_PATH: join(folder, 'none.json') })).toMatchObject({
        reason_code: 'invalid_policy',
      });
    });
  });
});
