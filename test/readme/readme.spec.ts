import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { copyTree, freePort, startGroup, untilServing } from '#testing';
import type { ServiceProcess } from '#testing';

/** Commands that cannot run inside the tests, each with who runs it. Every other one is run here. */
const RUN_ELSEWHERE: Readonly<Record<string, string>> = {
  'npm test': 'is what runs this',
  'npm ci': 'scripts/install.mjs has run it for these tests',
  'npm run build': 'scripts/build.mjs has run it for these tests',
  'UPSTREAM_MODE=mock npm start -- --no-demo': 'test/tool-gateway/examples.spec.ts has the suite so',
  'node examples/tool-gateway/lead-scraper.mjs': 'test/tool-gateway/examples.spec.ts',
};
const COMPOSE = /docker compose (--profile \w+) up/;

describe('README.md', () => {
  const done = new Set<string>();
  let commands: string[];
  let tree: Awaited<ReturnType<typeof copyTree>>;
  let ports: Record<'8080' | '8081' | '8082' | '9000', string>;
  let env: Record<string, string>;

  beforeAll(async () => {
    const text = await readFile('README.md', 'utf8');
    commands = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) => block.trim().split('\n'));
    tree = await copyTree();
    for (const path of ['packs/acme-math/package.json', 'packs/acme-math/index.js']) {
      const block = new RegExp(`\`${path}\`:\\n\\n\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``).exec(text);
      await mkdir(dirname(join(tree.folder, path)), { recursive: true });
      await writeFile(join(tree.folder, path), block?.[1] ?? '');
    }
    const [gateway, coordinator, executor, other] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
    ports = { 8080: String(gateway), 8081: String(coordinator), 8082: String(executor), 9000: String(other) };
    env = {
      ARP_RUN_GATEWAY_PORT: ports[8080],
      ARP_RUN_COORDINATOR_PORT: ports[8081],
      ARP_ATOMIC_EXECUTOR_PORT: ports[8082],
      ARP_TOOL_GATEWAY_PORT: '0',
    };
  });
  afterAll(async () => tree.remove());

  /** The command as written, on this test's ports. */
  const here = (command: string) =>
    command.replaceAll(/\b(8080|8081|8082|9000)\b/g, (port) => ports[port as keyof typeof ports]);
  const written = (matching: (command: string) => boolean) => commands.filter(matching);
  const start = (command: string): ServiceProcess => {
    expect(commands).toContain(command);
    done.add(command);
    return startGroup(here(command), env, tree.folder);
  };
  const run = (command: string): string => {
    done.add(command);
    const result = spawnSync('bash', ['-c', here(command)], {
      cwd: tree.folder,
      env: { ...process.env, ...env },
      encoding: 'utf8',
    });
    expect({ command, status: result.status, stderr: result.stderr }).toMatchObject({ command, status: 0 });
    return result.stdout;
  };
  const url = (port: keyof typeof ports) => `http://127.0.0.1:${ports[port]}`;
  const curl = (part: string) =>
    run(commands.find((command) => command.startsWith('curl') && command.includes(part)) ?? part);

  it('npm start, call it, extend it, operate it', async () => {
    run(written((command) => command.includes('--prefix packs/acme-math'))[0] ?? '');
    for (const command of ['npm start', 'JARVIS_NODEPACK_PATHS=packs npm start']) {
      const suite = start(command);
      await untilServing(suite, url('8080'), 60_000);
      if (command === 'npm start') {
        expect(curl('"run_id": "hello-1"')).toContain('"state":"queued"');
        expect(curl('hello-1/events?follow=1')).toContain('run_completed');
        expect(curl('/v1/runs/hello-1')).toContain('"run_id":"hello-1"');
        expect(curl('events?cursor=5&limit=10').split('\n').filter(Boolean)).toHaveLength(2);
        expect(curl('node-runs/$(curl -s http://127.0.0.1:8080/v1/runs/hello-1')).toContain(
          '"outputs":{"echo":{"text":"Hello, world"}}',
        );
        expect(curl('hello-1:cancel')).toContain('"state":"succeeded"');
        expect(curl('{"input": []}')).toContain('"code":"invalid_request"');
        for (const command of written((line) => /\/v1\/(health|version)$/.test(line))) {
          expect(run(command)).toMatch(/"status":"ok"|"arp-run-gateway"/);
        }
      } else {
        expect(curl('/v1/node-types')).toContain('acme.math.double');
        expect(curl('"run_id": "double-1"')).toContain('"run_id":"double-1"');
        await fetch(`${url('8080')}/v1/runs/double-1/events?follow=1`).then((response) => response.text());
        expect(curl('runs/double-1 |')).toContain('"outputs":{"n":42}');
      }
      await suite.stop('SIGINT');
      expect(suite.output()).toContain('Stopped.');
    }
  });

  it('npx nest start: three services that work together', async () => {
    const commands = written((command) => /npx nest start [a-z-]+$/.test(command));
    expect(commands).toHaveLength(3);
    const services: ServiceProcess[] = [];
    // One after the other, as in three terminals: each compiles into the folder that the others load from.
    for (const [index, port] of (['8082', '8081', '8080'] as const).entries()) {
      const service = start(commands[index] ?? '');
      services.push(service);
      await untilServing(service, url(port), 60_000);
    }
    const request = { root_node_type_ref: { node_type_id: 'jarvis.core.echo', version: '0.1.0' }, input: {} };
    const answer = await fetch(`${url('8080')}/v1/runs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
    });
    const { run_id } = (await answer.json()) as { run_id: string };
    const events = await fetch(`${url('8080')}/v1/runs/${run_id}/events?follow=1`).then((response) => response.text());
    expect(events).toContain('{"state":"succeeded"}');
    for (const service of services.reverse()) await service.stop('SIGINT');
  });

  it('one service with flags', async () => {
    for (const command of written((line) => line.endsWith('--help'))) expect(run(command)).toContain('--port');
    for (const command of written((line) => line.includes('9000'))) {
      const service = start(command);
      await untilServing(service, url('9000'), 60_000);
      await service.stop('SIGINT');
    }
  });

  it('docker compose: the file is valid, where docker is there to say so', () => {
    const composed = written((line) => COMPOSE.test(line));
    expect(composed).not.toHaveLength(0);
    for (const command of composed) done.add(command);
    if (spawnSync('docker', ['compose', 'version']).status !== 0) {
      console.warn('README: docker compose is not installed here; its file was not checked');
      return;
    }
    for (const command of composed) {
      const config = command.replace(
        COMPOSE,
        `docker compose -f ${process.cwd()}/docker-compose.yml $1 config --quiet`,
      );
      const check = spawnSync('bash', ['-c', config], { encoding: 'utf8' });
      expect(check.stderr).not.toMatch(/error|invalid|required/i);
      expect(check.status).toBe(0);
    }
  });

  it('has no command that nothing runs', () => {
    expect(commands.filter((command) => !done.has(command) && !(command in RUN_ELSEWHERE))).toEqual([]);
  });

  it('links to files that are there', async () => {
    const text = await readFile('README.md', 'utf8');
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
      await expect(
        readFile(target).catch((error: NodeJS.ErrnoException) => (error.code === 'EISDIR' ? '' : target)),
      ).resolves.not.toBe(target);
    }
  });
});
