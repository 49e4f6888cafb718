import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  handlerCall,
  isAlive,
  isolatedOptions,
  PACK_ID,
  run,
  scratchPack,
  stopAfter,
} from '../../test/scratch-pack.js';
import type { ScratchPack } from '../../test/scratch-pack.js';
import { openIsolated } from './isolated-host.js';
import type { IsolatedOptions } from './isolated-host.js';
import type { CallPorts, HandlerEnd, PackHost } from './pack-host.js';

let pack: ScratchPack;
let opened: PackHost[] = [];

beforeAll(async () => {
  pack = await scratchPack(`
    echo: (inputs) => inputs,
    pid: async ({ ms = 0 }) => { await new Promise((settle) => setTimeout(settle, ms)); return { pid: process.pid }; },
    holds: (inputs, { logger, signal }) => new Promise((settle) => {
      signal.addEventListener('abort', settle);
      logger.info(String(process.pid));
    }),
    spin: () => { for (;;); },
    exit: () => process.exit(1),
    leavesSpin: () => { setTimeout(() => { for (;;); }, 100); return { pid: process.pid }; },
    leavesLeak: () => { const kept = []; setInterval(() => kept.push(Buffer.alloc(20_000_000, 1)), 100); return { pid: process.pid }; },`);
});
afterEach(async () => {
  await Promise.all(opened.map((host) => host.close()));
  opened = [];
});
afterAll(() => pack.remove());

async function open(changes: Partial<IsolatedOptions> = {}, logs: string[] = []): Promise<PackHost> {
  const host = await openIsolated(isolatedOptions(pack, changes, logs));
  opened.push(host);
  return host;
}

async function pidOf(host: PackHost, ms = 0): Promise<number> {
  const { end } = await run(host, 'pid', { ms });
  return (end as HandlerEnd & { outputs: { pid: number } }).outputs.pid;
}

async function until(holds: () => boolean): Promise<void> {
  for (const giveUpAt = Date.now() + 20_000; !holds();) {
    if (Date.now() > giveUpAt) throw new Error('it did not happen');
    await new Promise((settle) => setTimeout(settle, 20));
  }
}

describe('the processes of a pack', () => {
  it('are as many as there is work for, up to the limit, and the first stays', async () => {
    const host = await open({ maxProcesses: 2, idleMs: 100 });
    const first = await pidOf(host);
    expect(await pidOf(host)).toBe(first);
    const both: number[] = [];
    const stop = new AbortController();
    const log: CallPorts['log'] = (_, pid) => both.push(Number(pid));
    const held = [1, 2, 3].map(async () => host.run(handlerCall('holds', {}, stop.signal, { log })));
    await until(() => both.length === 2);
    const waiting = pidOf(host);
    expect(new Set(both).size).toBe(2);
    expect(both).toContain(first);
    stop.abort('canceled');
    await Promise.all(held);
    expect(both).toHaveLength(2);
    expect(both).toContain(await waiting);
    await until(() => both.filter(isAlive).length === 1);
    await new Promise((settle) => setTimeout(settle, 300));
    const left = both.filter(isAlive);
    expect(left).toHaveLength(1);
    expect(await pidOf(host)).toBe(left[0]);
  });

  it('serve calls in the order in which they came', async () => {
    const host = await open({ maxProcesses: 1 });
    const done: number[] = [];
    const calls = [300, 0, 50, 0, 0].map(async (ms, i) => {
      await pidOf(host, ms);
      done.push(i);
    });
    await Promise.all(calls);
    expect(done).toEqual([0, 1, 2, 3, 4]);
  });

  it('a call that waits ends as soon as it is stopped, and does not begin', async () => {
    const host = await open({ maxProcesses: 1 });
    let isBusy = true;
    const busy = pidOf(host, 1_000).then(() => {
      isBusy = false;
    });
    const waiting = await host.run(handlerCall('echo', {}, stopAfter(50, 'canceled')));
    expect(waiting).toMatchObject({ state: 'canceled', error: { code: 'canceled' } });
    expect(isBusy).toBe(true);
    const aborted = new AbortController();
    aborted.abort('timeout');
    expect(await host.run(handlerCall('echo', {}, aborted.signal))).toMatchObject({ error: { code: 'timeout' } });
    await busy;
    expect((await run(host, 'echo', { after: true })).end).toMatchObject({ outputs: { after: true } });
  });

  it('a fresh one is started when one was killed, without waiting for a call', async () => {
    const host = await open({ maxProcesses: 1, graceMs: 50 });
    const before = await pidOf(host);
    await run(host, 'spin', {}, stopAfter(50, 'timeout'));
    await until(() => !isAlive(before));
    expect(await pidOf(host)).not.toBe(before);
  });

  it('are started at once when node runs end them: others do not wait for what one caller does', async () => {
    const host = await open({ maxProcesses: 1 });
    for (let i = 0; i < 9; i += 1) {
      expect((await run(host, 'exit')).end).toMatchObject({ error: { code: 'handler_crashed' } });
    }
    const innocent = await run(host, 'echo', { a: 1 }, stopAfter(5_000, 'timeout'));
    expect(innocent.end).toMatchObject({ outputs: { a: 1 } });
  });

  it('are started after a growing pause when they cannot be loaded; calls wait within their signal', async () => {
    const logs: string[] = [];
    const broken = await scratchPack('exit: () => process.exit(1)');
    const host = await openIsolated(isolatedOptions(broken, { maxProcesses: 1 }, logs));
    opened.push(host);
    await writeFile(broken.entryFile, 'throw new Error("half written");');
    await run(host, 'exit');
    // Attempts after 0, 0.1, 0.3, 0.7, 1.5 and 3.1 s; each takes some time too.
    const impatient = await run(host, 'exit', {}, stopAfter(3_000, 'timeout'));
    expect(impatient.end).toMatchObject({ error: { code: 'timeout' } });
    const attempts = logs.filter((line) => line.includes('half written')).length;
    expect(attempts).toBeGreaterThanOrEqual(2);
    expect(attempts).toBeLessThanOrEqual(6);
    await broken.remove();
  });

  it('one that something left behind keeps busy is not given to the next', async () => {
    const logs: string[] = [];
    const host = await open({ maxProcesses: 1, graceMs: 50 }, logs);
    const { end } = await run(host, 'leavesSpin');
    const { pid } = (end as HandlerEnd & { outputs: { pid: number } }).outputs;
    await new Promise((settle) => setTimeout(settle, 300));
    const [first, second] = await Promise.all([
      run(host, 'pid', {}, stopAfter(10_000, 'timeout')),
      run(host, 'echo', { a: 1 }, stopAfter(10_000, 'timeout')),
    ]);
    expect(first.end.state).toBe('succeeded');
    expect(second.end).toMatchObject({ outputs: { a: 1 } });
    expect(isAlive(pid)).toBe(false);
    expect(logs.join()).toContain('without a node run did not answer');
  });

  it('a call that is stopped while an idle process is asked ends at once, and the process stays', async () => {
    const host = await open({ maxProcesses: 1 });
    const pid = await pidOf(host);
    await new Promise((settle) => setTimeout(settle, 100));
    process.kill(pid, 'SIGSTOP');
    const stopped = await run(host, 'echo', {}, stopAfter(50, 'canceled'));
    process.kill(pid, 'SIGCONT');
    expect(stopped.end.state).toBe('canceled');
    expect(await pidOf(host)).toBe(pid);
  });

  (process.platform === 'linux' ? it : it.skip)('one that grows without work is ended', async () => {
    const logs: string[] = [];
    const host = await open({ maxProcesses: 1 }, logs);
    const { end } = await run(host, 'leavesLeak');
    const { pid } = (end as HandlerEnd & { outputs: { pid: number } }).outputs;
    await until(() => !isAlive(pid));
    expect(logs.join()).toContain('without a node run had more memory than it may have');
    expect((await run(host, 'echo', { a: 1 })).end).toMatchObject({ outputs: { a: 1 } });
  });

  it('ignore the signals that a terminal or a service manager sends to all', async () => {
    const host = await open({ maxProcesses: 1 });
    const pid = await pidOf(host);
    const working = pidOf(host, 300);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal);
    expect(await working).toBe(pid);
  });
});

describe('when the host dies without a word', () => {
  it.each(['idle', 'spin'])('its processes end (%s)', async (work) => {
    const runtime = new URL('../../dist/runtime/index.js', import.meta.url).href;
    const host = join(pack.folder, `host-${work}.mjs`);
    const { log: _, ...options } = isolatedOptions(pack);
    await writeFile(
      host,
      `import { openIsolated } from '${runtime}';
const host = await openIsolated({ ...${JSON.stringify(options)}, log: () => undefined });
const call = (node) => host.run({ inputs: {}, signal: new AbortController().signal, ports: { log() {}, progress() {} },
  facts: { nodeTypeId: '${PACK_ID}.' + node, deadline: Date.now(), egress: { declared: [], block: [], allowPrivate: [] } } });
const { outputs } = await call('pid');
if ('${work}' === 'spin') void call('spin');
setTimeout(() => console.log(outputs.pid), 200);
setInterval(() => undefined, 1_000);`,
    );
    const parent = spawn(process.execPath, [host], { stdio: ['ignore', 'pipe', 'inherit'] });
    const said = await new Promise<string>((settle) =>
      parent.stdout.once('data', (chunk: Buffer) => settle(String(chunk))),
    );
    const pid = Number(said);
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await until(() => !isAlive(pid));
  });
});

describe('a pack that cannot be loaded', () => {
  const HEAD = `const nodes = [{ id: '${PACK_ID}.echo', run: (inputs) => inputs }]; export default { id: '${PACK_ID}', nodes };`;

  const TOO_MUCH = /^it failed while it was loaded: The process of the node pack had more than the 128 MiB of memory/;
  const TOO_LARGE: [string, string, RegExp][] = [
    ['much memory at once', `globalThis.kept = Buffer.alloc(250_000_000, 1); ${HEAD}`, TOO_MUCH],
    [
      'memory without end',
      `const kept = []; setInterval(() => kept.push(Buffer.alloc(20_000_000, 1)), 50); await new Promise(() => undefined); ${HEAD}`,
      TOO_MUCH,
    ],
  ];

  it.each([
    [
      'top-level await that never settles',
      `${HEAD} await new Promise(() => undefined);`,
      /^it did not finish loading within 1500 ms$/,
    ],
    ['loop', 'for (;;);', /^it did not finish loading within 1500 ms$/],
    ['exit', 'process.exit(3);', /^it ended with code 3 while it was loaded$/],
    ['throw', 'throw new Error("no key");', /^no key$/],
    [
      'throw later',
      `setTimeout(() => { throw new Error('too late'); }); await new Promise(() => undefined); ${HEAD}`,
      /^it failed while it was loaded: Error: too late$/,
    ],
    ['no pack', 'export default 1;', /^its default export is not the pack acme\.scratch/],
    ['a package that is not there', `import 'absent'; ${HEAD}`, /^Cannot find package 'absent'/],
    [
      'garbage',
      `import { writeSync } from 'node:fs'; writeSync(3, 'garbage'); await new Promise(() => undefined); ${HEAD}`,
      /^it failed while it was loaded: a message of \d+ bytes/,
    ],
    ...(process.platform === 'linux' ? TOO_LARGE : []),
  ])('%s', async (_, text, clause) => {
    const broken = await scratchPack('', { files: { 'broken.js': text } });
    const entryFile = join(broken.folder, 'broken.js');
    const startTimeoutMs = String(clause).includes('1500') ? 1_500 : 20_000;
    const message = await openIsolated(isolatedOptions({ folder: broken.folder, entryFile }, { startTimeoutMs })).then(
      () => 'it was loaded',
      (error: Error) => error.message,
    );
    expect(message).toMatch(clause);
    await broken.remove();
  });

  it('later: each attempt is logged, calls wait and are served when it can be loaded again', async () => {
    const logs: string[] = [];
    const changing = await scratchPack('echo: (inputs) => inputs, exit: () => process.exit(1)');
    const host = await openIsolated(isolatedOptions(changing, {}, logs));
    opened.push(host);
    const good = `${HEAD}`;
    await writeFile(changing.entryFile, 'throw new Error("half written");');
    await run(host, 'exit');
    const waiting = run(host, 'echo', { a: 1 });
    await until(() => logs.some((line) => line.includes('could not be started: half written')));
    await writeFile(changing.entryFile, good);
    expect((await waiting).end).toMatchObject({ outputs: { a: 1 } });
    await changing.remove();
  });
});
