import { spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { copyTree, startGroup } from '#testing';

interface Level {
  readonly callers: number;
  readonly runs_per_second: number;
  readonly transactions_per_run: number;
}
interface Report {
  readonly failure?: string;
  readonly environment: { readonly fsync: string };
  readonly results: {
    readonly echo: { readonly levels: readonly Level[]; readonly checked_runs: number };
    readonly ceiling: Level;
    readonly packs: { readonly levels: readonly { readonly calls_per_second: number }[] };
    readonly stored: { readonly ratio: number; readonly full: Level };
  };
}

describe('npm run bench', () => {
  let tree: Awaited<ReturnType<typeof copyTree>>;
  beforeAll(async () => {
    tree = await copyTree();
  });
  afterAll(async () => tree.remove());

  const bench = (...args: string[]) =>
    spawnSync(process.execPath, ['scripts/bench.mjs', ...args], { cwd: tree.folder, encoding: 'utf8' });
  const leftFolders = async () =>
    (await readdir(join(tree.folder, '.data'))).filter((name) => name.startsWith('bench-'));
  const leftProcesses = () =>
    spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
      .stdout.split('\n')
      .filter((line) => line.includes(tree.folder));

  it('says what it can do, and refuses what it cannot with a sentence', () => {
    expect(bench('--help').stdout).toMatch(/--seconds[\s\S]*--callers[\s\S]*--only[\s\S]*--json[\s\S]*--stored-runs/);
    for (const [args, sentence] of [
      [['--only', 'speed'], /"speed" is none of echo,/],
      [['--callers', '0'], /must be a whole number from 1/],
      [['--set', 'fast'], /must be NAME=value/],
    ] as const) {
      const refused = bench(...args);
      expect({ status: refused.status, stderr: refused.stderr }).toEqual({
        status: 1,
        stderr: expect.stringMatching(sentence),
      });
    }
  });

  it('measures, checks, compares, and leaves nothing behind', async () => {
    const json = join(tree.folder, 'figures.json');
    const sections = ['--only', 'echo,ceiling,packs,stored', '--stored-runs', '100', '--set', 'LOG_LEVEL=error'];
    const done = bench('--seconds', '1', '--callers', '1,4', ...sections, '--json', json);
    expect({ status: done.status, stderr: done.stderr }).toEqual({ status: 0, stderr: expect.any(String) });
    expect(done.stdout).toMatch(/with LOG_LEVEL=error[\s\S]*Ratio, suite to ceiling: ~?0\.\d+/);
    const report = JSON.parse(await readFile(json, 'utf8')) as Report;
    const { echo, ceiling, packs, stored } = report.results;
    expect(report.failure).toBeUndefined();
    expect(report.environment.fsync).toBe('on');
    expect(echo.levels.map(({ callers }) => callers)).toEqual([1, 4]);
    for (const level of [...echo.levels, ceiling, stored.full]) expect(level.runs_per_second).toBeGreaterThan(0);
    expect(packs.levels).toHaveLength(8);
    for (const level of packs.levels) expect(level.calls_per_second).toBeGreaterThan(0);
    expect(echo.checked_runs).toBeGreaterThan(0);
    expect(stored.ratio).toBeGreaterThan(0);
    expect(await leftFolders()).toEqual([]);
    expect(leftProcesses()).toEqual([]);
  });

  it('fails when a run is not what it must be, and cleans up', async () => {
    const json = join(tree.folder, 'failed.json');
    const denied = bench(
      '--seconds',
      '1',
      '--only',
      'echo',
      '--set',
      'JARVIS_NODEPACK_DENY=@arp-jarvis/node-pack-core',
      '--json',
      json,
    );
    expect(denied.status).toBe(1);
    expect(denied.stderr).toContain('has other events than an echo run');
    expect((JSON.parse(await readFile(json, 'utf8')) as Report).failure).toContain('has other events');
    expect(await leftFolders()).toEqual([]);
    expect(leftProcesses()).toEqual([]);
  });

  it('ends everything on Ctrl-C', async () => {
    const running = startGroup(`exec ${process.execPath} scripts/bench.mjs --only echo`, {}, tree.folder);
    while (!running.output().includes('warming up')) await sleep(20);
    expect(await running.stop('SIGINT')).toBe(130);
    expect(await leftFolders()).toEqual([]);
    expect(leftProcesses()).toEqual([]);
  });
});
