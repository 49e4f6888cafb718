/** `node scripts/keycloak.mjs` leaves nothing behind, however it is ended. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '#testing';
import { describeWithKeycloak } from './keycloak.js';

describeWithKeycloak('node scripts/keycloak.mjs', () => {
  let temp: string;
  beforeEach(async () => {
    temp = await mkdtemp(join(tmpdir(), 'arp-keycloak-command-'));
  });
  afterEach(async () => rm(temp, { recursive: true, force: true }));

  const processes = (): string[] =>
    spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
      .stdout.split('\n')
      .filter((line) => line.includes(temp));

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'ended by %s while Keycloak starts: no process and no folder is left',
    async (signal) => {
      const port = String(await freePort());
      const command = spawn(process.execPath, ['scripts/keycloak.mjs', '--port', port], {
        env: { ...process.env, TMPDIR: temp },
        stdio: 'ignore',
      });
      const exit = once(command, 'exit');
      await until(() => processes().some((line) => line.startsWith('java') || line.includes('/java ')));
      command.kill(signal);
      await exit;
      await until(async () => processes().length === 0 && (await readdir(temp)).length === 0);
      expect(processes()).toEqual([]);
      expect(await readdir(temp)).toEqual([]);
    },
    120_000,
  );

  it('a port that is taken is said at once', async () => {
    const used = new URL(process.env['ARP_TEST_KEYCLOAK_ISSUER'] ?? '').port;
    const command = spawn(process.execPath, ['scripts/keycloak.mjs', '--port', used], {
      env: { ...process.env, TMPDIR: temp },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const [output, [code]] = await Promise.all([text(command.stderr), once(command, 'exit')]);
    expect(code).toBe(1);
    expect(output).toBe(`error: Port ${used} of 127.0.0.1 is taken: choose another.\n`);
    expect(await readdir(temp)).toEqual([]);
  }, 120_000);
});

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt += 1) {
    if (await holds()) return;
    await sleep(200);
  }
}

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  let whole = '';
  for await (const chunk of stream) whole += String(chunk);
  return whole;
}
