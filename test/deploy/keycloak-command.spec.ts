/** The command that starts Keycloak, as far as it needs none; test/keycloak has the rest. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const COMMAND = 'scripts/keycloak.mjs';

describe('node scripts/keycloak.mjs', () => {
  let bin: string;
  beforeAll(async () => {
    bin = await mkdtemp(join(tmpdir(), 'arp-no-java-'));
    await symlink(process.execPath, join(bin, 'node'));
  });
  afterAll(async () => rm(bin, { recursive: true, force: true }));

  const run = (args: string[], env: NodeJS.ProcessEnv = process.env): ReturnType<typeof spawnSync> =>
    spawnSync(process.execPath, [COMMAND, ...args], { encoding: 'utf8', env });

  it('--help shows its options', () => {
    const { status, stdout } = run(['--help']);
    expect(status).toBe(0);
    for (const option of ['--port', '--realm-file']) expect(stdout).toContain(option);
  });

  it.each([
    ['--port', 'many'],
    ['--port', '70000'],
    ['--prot', '8180'],
  ])('%s %s is refused', (...args) => {
    const { status, stderr } = run(args);
    expect(status).toBe(64);
    expect(stderr).toMatch(/^error: .* See --help\.\n$/);
  });

  it('without Java: one sentence, and exit code 69', () => {
    const { status, stderr } = run([], { PATH: bin });
    expect({ status, stderr }).toEqual({
      status: 69,
      stderr: 'error: Keycloak needs Java 17 or later, and there is none: install a JDK, or set JAVA_HOME.\n',
    });
  });
});
