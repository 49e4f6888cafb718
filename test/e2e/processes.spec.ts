import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyTree, createTestDatabase, freePort, startGroup, startProcess, untilServing } from '#testing';
import type { ServiceProcess } from '#testing';
import { call } from './http.js';

const STANDALONE = 'dist/apps/standalone/src/main.js';
const url = (port: number) => `http://127.0.0.1:${port}`;

describe('programs as a person starts and stops them', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'arp-processes-'));
    // For root: the user that PostgreSQL then runs as must be able to pass.
    await chmod(folder, 0o755);
  });
  afterAll(async () => rm(folder, { recursive: true, force: true }));

  async function ports() {
    const [gateway, coordinator, executor] = await Promise.all([freePort(), freePort(), freePort()]);
    return {
      gateway,
      env: {
        ARP_RUN_GATEWAY_PORT: String(gateway),
        ARP_RUN_COORDINATOR_PORT: String(coordinator),
        ARP_ATOMIC_EXECUTOR_PORT: String(executor),
        ARP_TOOL_GATEWAY_PORT: '0',
      },
    };
  }

  it('the suite shows the echo run, keeps its data between starts, and leaves no process, however it is stopped', async () => {
    const dataDir = join(folder, 'kept');
    let runId: string | undefined;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL', 'SIGINT'] as const) {
      const { gateway, env } = await ports();
      const suite = startProcess([STANDALONE], { ...env, ARP_DATA_DIR: dataDir });
      await untilServing(suite, url(gateway));
      await untilOutput(suite, 'Ctrl-C stops everything');
      expect(suite.output()).toMatch(
        /1 .*run_started[\s\S]*7 .*run_completed[\s\S]*succeeded: {"echo":{"text":"Hello, world"}}/,
      );
      expect(suite.output()).toContain('JARVIS_POLICY_PROFILE=dev-allow');
      if (runId !== undefined) expect((await call('GET', `${url(gateway)}/v1/runs/${runId}`)).status).toBe(200);
      runId = /run (run_[0-9a-f]{32}) succeeded/.exec(suite.output())?.[1];
      const end = await suite.stop(signal);
      expect(end).toBe(signal === 'SIGKILL' ? 'SIGKILL' : 0);
      if (signal !== 'SIGKILL') expect(suite.output()).toContain('Stopped.');
      // After kill -9 the host notices the closed channel and stops PostgreSQL by itself.
      while ((await processesWith(dataDir)) > 0) await new Promise((settle) => setTimeout(settle, 50));
    }
  });

  it('a taken port, a broken data folder, one in use, and a wrong setting are one clear sentence', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await new Promise((settle) => blocker.once('listening', settle));
    const taken = String((blocker.address() as AddressInfo).port);
    const database = await createTestDatabase();
    const { env } = await ports();
    const broken = join(folder, 'broken');
    await mkdir(join(broken, 'postgres'), { recursive: true });
    await writeFile(join(broken, 'postgres', 'notes.txt'), 'not a database');

    const cases: [Record<string, string>, RegExp][] = [
      [
        { DATABASE_URL: database.url, ARP_RUN_GATEWAY_PORT: taken },
        new RegExp(`^error: Port ${taken} on 127.0.0.1 is taken\\. .*ARP_RUN_GATEWAY_PORT`),
      ],
      [
        { ARP_DATA_DIR: broken },
        /^error: The data folder .*broken.postgres holds files that are not a PostgreSQL database\. .*ARP_DATA_DIR/,
      ],
      [
        {
          DATABASE_URL: `postgres://u:secret-password@127.0.0.1:${await freePort()}/arp`,
          ARP_DATABASE_CONNECT_TIMEOUT_MS: '300',
        },
        /^error: The database arp at 127.0.0.1:\d+ cannot be used: .*ECONNREFUSED/,
      ],
      [
        { ARP_AUTH_PROFILE: 'nonsense', ARP_BODY_LIMIT_BYTES: 'lots' },
        /^error: These settings are not right:\n {2}- ARP_AUTH_PROFILE: .*\n {2}- ARP_BODY_LIMIT_BYTES: must be a whole number/,
      ],
      [
        { ARP_AUTH_PROFILE: 'enterprise' },
        /^error: These settings are not right:\n {2}- ARP_AUTH_AUDIENCE: .*\n {2}- ARP_AUTH_ISSUER: .*\n$/,
      ],
    ];
    for (const [settings, sentence] of cases) {
      const suite = startProcess([STANDALONE], { ...env, ...settings });
      expect(await suite.ended).toBe(1);
      const error = suite.output().slice(suite.output().indexOf('error: '));
      expect(error).toMatch(sentence);
      expect(error).not.toMatch(/secret-password|\n {4}at /);
    }
    blocker.close();
    await database.drop();
  });

  it('npx nest start <service> starts each alone, with --host and --port', async () => {
    const database = await createTestDatabase();
    const tree = await copyTree();
    for (const app of ['gateway', 'coordinator', 'atomic-executor', 'pdp']) {
      const port = await freePort();
      const settings = { DATABASE_URL: database.url, LOG_LEVEL: 'silent' };
      const nest = startGroup(`npx nest start ${app} -- --host 127.0.0.1 --port ${port}`, settings, tree.folder);
      await untilServing(nest, url(port));
      expect((await call('GET', `${url(port)}/v1/version`)).body).toMatchObject({ supported_api_versions: ['v1'] });
      await nest.stop('SIGINT');
    }
    await tree.remove();
    await database.drop();
  });

  it('--no-demo starts without the demonstration', async () => {
    const database = await createTestDatabase();
    const { gateway, env } = await ports();
    const suite = startProcess([STANDALONE, '--no-demo'], { ...env, DATABASE_URL: database.url });
    await untilServing(suite, url(gateway));
    await untilOutput(suite, 'Ctrl-C stops everything');
    expect(suite.output()).not.toContain('run_started');
    expect(await suite.stop()).toBe(0);
    await database.drop();
  });

  it('--help lists flags and settings, --version the version', async () => {
    const help = startProcess(['dist/apps/coordinator/src/main.js', '--help'], {});
    expect(await help.ended).toBe(0);
    for (const word of ['--host', '--port', 'DATABASE_URL', 'JARVIS_POLICY_PROFILE']) {
      expect(help.output()).toContain(word);
    }
    const version = startProcess(['dist/apps/gateway/src/main.js', '--version'], {});
    expect(await version.ended).toBe(0);
    expect(version.output().trim()).toBe('0.1.0');
  });

  it('.env.local wins over .env, and the environment over both', async () => {
    const home = join(folder, 'env');
    await mkdir(home);
    await writeFile(join(home, '.env'), 'ARP_AUTH_DEV_SUBJECT=a\nLOG_LEVEL=nonsense\nARP_SHUTDOWN_GRACE_MS=x\n');
    await writeFile(join(home, '.env.local'), 'LOG_LEVEL=silent\n');
    const gateway = startProcess(
      [join(process.cwd(), 'dist/apps/gateway/src/main.js'), '--port', '0'],
      { ARP_BODY_LIMIT_BYTES: 'y' },
      home,
    );
    expect(await gateway.ended).toBe(1);
    expect(gateway.output()).toContain('ARP_SHUTDOWN_GRACE_MS');
    expect(gateway.output()).toContain('ARP_BODY_LIMIT_BYTES');
    expect(gateway.output()).not.toContain('LOG_LEVEL');
  });
});

async function untilOutput(program: ServiceProcess, text: string): Promise<void> {
  while (!program.output().includes(text)) await new Promise((settle) => setTimeout(settle, 20));
}

/** How many processes have `text` on their command line. */
function processesWith(text: string): Promise<number> {
  return new Promise((settle) => {
    const ps = spawn('ps', ['-eo', 'args']);
    let output = '';
    ps.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    ps.on('close', () => settle(output.split('\n').filter((line) => line.includes(text)).length));
  });
}
