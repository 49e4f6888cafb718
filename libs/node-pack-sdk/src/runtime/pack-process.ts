import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import type { Duplex, Readable } from 'node:stream';
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { UpstreamMode } from '../http/mock-upstream.js';
import type { JsonObject } from '../json-schema.js';
import { CallAtWork, LINES_AT_MOST } from './call-at-work.js';
import { CredentialMask } from './credential-mask.js';
import { handlerError, stoppedEnd } from './handler-error.js';
import { MemoryWatch } from './memory-watch.js';
import { guardOrphan } from './orphan-guard.js';
import type { HandlerCall, HandlerEnd, StopReason } from './pack-host.js';
import type { Pace } from './pace.js';
import { reasonOf } from './pack-module.js';
import { ProcessChannel } from './process-channel.js';
import { captureOutput } from './process-output.js';
import type { FromProcess } from './protocol.js';
import type { NodeSchemas } from './schema-check.js';

/** What a process of a pack is started with. */
export interface ProcessSettings {
  readonly packId: string;
  readonly folder: string;
  readonly entryFile: string;
  /** By node id. */
  readonly schemas: Readonly<Record<string, NodeSchemas>>;
  /** Of Node, before the file. */
  readonly flags: readonly string[];
  readonly memoryMb: number;
  readonly graceMs: number;
  readonly startTimeoutMs: number;
  readonly maxOutputBytes: number;
  readonly maxArtifactBytes: number;
  /** Whether it may have child processes of its own. */
  readonly mayHaveChildren: boolean;
  readonly upstream: UpstreamMode;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields?: JsonObject) => void;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

const MAIN = fileURLToPath(
  // Tests run the sources, which Node itself cannot.
  import.meta.url.endsWith('.ts')
    ? new URL('../../dist/runtime/pack-process.main.js', import.meta.url)
    : new URL('./pack-process.main.js', import.meta.url),
);
const LAST_WORDS_MS = 200;
/** A pipe holds little, and one look reads more than that; whoever goes on printing is not waited for. */
const LOOKS_AT_MOST = 8;
/** Within this a process without work answers a ping, unless something that was left behind keeps it busy. */
const ANSWER_WITHIN_MS = 500;
/** After a node run nobody asks again so soon: node runs that follow each other should not pay for it. */
const FRESH_MS = 50;
const NOT_JSON =
  'The inputs, the run context or the constraints cannot be written as JSON; they may be nested too deep.';
const HEAP_IS_FULL = /^FATAL ERROR: .*heap out of memory/;

/** A process of a pack. It does one node run at a time. */
export class PackProcess {
  /** Of the nodes that its code has; none until it is loaded. */
  handlerIds: readonly string[] = [];
  /** When the process is gone and all it said was read. */
  readonly ended: Promise<void>;
  private readonly settings: ProcessSettings;
  private readonly child: Child;
  private readonly channel: ProcessChannel;
  private readonly outputs: readonly Pace[];
  private readonly memory: MemoryWatch;
  private readonly memorySays: string;
  /** What it was told may be printed after its node run. */
  private readonly mask = new CredentialMask();
  private work: CallAtWork | undefined;
  private calls = 0;
  private idleLines = 0;
  private isOver = false;
  private isToBlame = false;
  private isHeapFull = false;
  private isLoaded = false;
  private freeSince = 0;
  private onLoad: (refusal?: string) => void = () => undefined;
  private onAnswer: (() => void) | undefined;

  constructor(settings: ProcessSettings) {
    this.settings = settings;
    this.memorySays = `The process of the node pack had more than the ${settings.memoryMb} MiB of memory that it may have. Work on less at once, or give the pack more (memoryMb of definePack, up to the operator's limit).`;
    this.child = spawn(process.execPath, [...settings.flags, MAIN], {
      cwd: settings.folder,
      env: {},
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      // A process group of its own: Ctrl-C in a terminal does not reach it before we have drained, and it ends with its children.
      detached: true,
      windowsHide: true,
    }) as Child;
    const { stdout, stderr, stdio } = this.child;
    this.channel = new ProcessChannel(stdio[3] as unknown as Duplex, settings, {
      onMessage: (message) => this.receive(message),
      onViolation: (clause) =>
        this.end('The process of the node pack was ended: it sent what its host does not accept.', clause),
    });
    this.outputs = [
      captureOutput(stdout, (line) => this.printed('info', line)),
      captureOutput(stderr, (line) => this.printed('warn', line)),
    ];
    this.memory = new MemoryWatch(this.child.pid, settings.memoryMb, () => this.exceeded());
    this.ended = this.untilEnded();
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Whether it can be given work. */
  get isUsable(): boolean {
    return !this.isOver && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Whether it has ended because of something that its code did, before it had done anything for anybody. */
  get hasFailed(): boolean {
    return this.isToBlame && this.calls === 0;
  }

  /** Whether it has kept so much memory that a fresh process should take its place. */
  isWorn(): boolean {
    return this.memory.isWorn();
  }

  /** Whether it, which has no work, is ready for some; one that does not answer is ended. */
  async isReady(): Promise<boolean> {
    if (!this.isUsable || performance.now() - this.freeSince < FRESH_MS) return this.isUsable;
    const isAnswered = await new Promise<boolean>((settle) => {
      // An answer that has come while we were busy ourselves is read before setImmediate.
      const late = setTimeout(() => setImmediate(settle, false), ANSWER_WITHIN_MS);
      this.onAnswer = () => {
        clearTimeout(late);
        settle(true);
      };
      this.channel.send({ type: 'ping' });
    });
    this.onAnswer = undefined;
    if (!isAnswered) this.endIdle('did not answer: something that was left behind keeps it busy');
    return this.isUsable;
  }

  /**
   * Loads the code of the pack.
   *
   * @throws Error with a clause that says what is wrong
   */
  load(): Promise<void> {
    const { packId, entryFile, schemas, startTimeoutMs, maxOutputBytes, maxArtifactBytes, mayHaveChildren, upstream } =
      this.settings;
    return new Promise((settle, reject) => {
      const isLate = () => this.onLoad(`it did not finish loading within ${startTimeoutMs} ms`);
      const late = setTimeout(isLate, startTimeoutMs);
      this.onLoad = (refusal) => {
        clearTimeout(late);
        this.onLoad = () => undefined;
        if (refusal === undefined) settle();
        else reject(new Error(refusal));
      };
      if (this.isOver) this.onLoad('its process could not be started');
      const limits = { timeoutMs: startTimeoutMs, maxOutputBytes, maxArtifactBytes };
      this.channel.send({ type: 'load', packId, entryFile, schemas, ...limits, mayKill: mayHaveChildren, upstream });
    });
  }

  /** Runs a handler. When the signal of the call fires, this ends within the grace. */
  async run(call: HandlerCall): Promise<HandlerEnd> {
    this.calls += 1;
    this.idleLines = 0;
    const work = new CallAtWork(this.calls, call, this.channel, this.mask, () => this.readOutputs());
    this.work = work;
    if (this.isOver) work.fail(handlerError('handler_crashed'));
    try {
      this.channel.send({ type: 'run', call: work.id, inputs: call.inputs, facts: call.facts });
    } catch (error) {
      work.fail(handlerError('invalid_inputs', NOT_JSON), reasonOf(error));
    }
    let patience: NodeJS.Timeout | undefined;
    const stop = () => {
      this.channel.send({ type: 'abort', call: work.id, reason: call.signal.reason as StopReason });
      patience = setTimeout(() => this.retire(), this.settings.graceMs);
    };
    call.signal.addEventListener('abort', stop, { once: true });
    if (call.signal.aborted) stop();
    this.memory.isIdle = false;
    const end = await work.end;
    this.memory.isIdle = true;
    this.freeSince = performance.now();
    clearTimeout(patience);
    call.signal.removeEventListener('abort', stop);
    this.work = undefined;
    // It says that it has ended and has not read what it was told: what waits for it must not grow from one node run to the next.
    if (this.channel.isBehind) this.retire();
    return call.signal.aborted ? stoppedEnd(call.signal.reason as StopReason, end.usage) : end;
  }

  /**
   * Ends the process at once because of something that its code did, and with it its node run.
   *
   * @param said to the caller of the node run
   * @param cause for the log
   */
  end(said: string, cause?: string): void {
    if (this.isOver) return;
    this.isToBlame = true;
    this.over(said, cause);
    this.kill();
  }

  /** Ends the process at once because it is not wanted any more. */
  retire(): void {
    if (this.isOver) return;
    this.over('Its process was ended.');
    this.kill();
  }

  private receive(message: FromProcess): void {
    switch (message.type) {
      case 'ready':
        // What was taken at once while loading is there before the first look.
        if (this.memory.isExceeded()) {
          this.exceeded();
          return;
        }
        this.handlerIds = message.handlerIds;
        this.isLoaded = true;
        this.memory.isIdle = this.work === undefined;
        this.freeSince = performance.now();
        this.onLoad();
        return;
      case 'pong':
        this.onAnswer?.();
        return;
      case 'refused':
        this.onLoad(message.reason);
        return;
      case 'crash':
        if (this.work === undefined && this.calls > 0) {
          this.settings.log(
            'warn',
            'an error that nothing caught ended a process of the node pack without a node run',
            {
              cause: this.mask.text(message.cause),
            },
          );
        }
        this.end(`An error that nothing caught ended the process of the node pack.${this.leftOver()}`, message.cause);
        return;
      default:
        if (message.call === this.work?.id) this.work.receive(message);
    }
  }

  /** Reads what is in the pipes of its output: the end of a node run comes by another pipe, and may be read first. */
  private async readOutputs(): Promise<void> {
    const bytesRead = () => this.outputs.reduce((sum, { total }) => sum + total, 0);
    for (let looks = 0; looks < LOOKS_AT_MOST; looks += 1) {
      const before = bytesRead();
      for (const output of this.outputs) output.catchUp();
      // The first comes before the pipes are read again, the second after.
      await immediate();
      await immediate();
      if (bytesRead() === before) return;
    }
  }

  private printed(level: 'info' | 'warn', line: string): void {
    if (level === 'warn' && HEAP_IS_FULL.test(line)) this.isHeapFull = true;
    if (this.work !== undefined) {
      this.work.log(level, line);
      return;
    }
    this.idleLines += 1;
    if (this.idleLines <= LINES_AT_MOST) this.settings.log(level, this.mask.text(line));
  }

  private exceeded(): void {
    if (this.isLoaded && this.work === undefined) this.endIdle('had more memory than it may have');
    else this.end(this.memorySays);
  }

  private endIdle(what: string): void {
    if (!this.isUsable) return;
    this.settings.log('warn', `a process of the node pack without a node run ${what}; it was ended`);
    this.end(`The process of the node pack ${what}.`);
  }

  /** Ends the node run, or the loading, that the process was at. */
  private over(said: string, cause?: string): void {
    this.isOver = true;
    this.memory.stop();
    this.onAnswer?.();
    this.work?.fail(handlerError('handler_crashed', said), cause);
    this.onLoad(`it failed while it was loaded: ${(cause?.split('\n')[0] ?? said).replace(/\.$/, '')}`);
  }

  private async untilEnded(): Promise<void> {
    const { child } = this;
    const unguard = child.pid === undefined || process.platform === 'win32' ? undefined : guardOrphan(child.pid);
    const closed = new Promise<void>((settle) => child.once('close', settle));
    const how = await new Promise<string>((settle) => {
      child.once('exit', (code, signal) => settle(signal === null ? `with code ${code}` : `by ${signal}`));
      child.once('error', () => settle('before it had begun'));
    });
    if (this.settings.mayHaveChildren) this.kill();
    unguard?.();
    // What it said last is still in the pipes; children that it has left behind may keep them open.
    for (const pipe of [this.channel.pace, ...this.outputs]) pipe.off();
    await Promise.race([closed, sleep(LAST_WORDS_MS, undefined, { ref: false })]);
    child.stdio.forEach((pipe) => pipe?.destroy());
    if (this.isOver) return;
    this.isToBlame = true;
    this.onLoad(`it ended ${how} while it was loaded`);
    if (this.work === undefined) {
      this.settings.log('warn', `a process of the node pack ended ${how} without a node run`);
    }
    this.over(this.isHeapFull ? this.memorySays : `The process of the node pack ended ${how}.${this.leftOver()}`);
  }

  /** After the first node run it cannot be told who it was. */
  private leftOver(): string {
    return this.calls > 1 ? ' It may come from what an earlier node run left running.' : '';
  }

  private kill(): void {
    try {
      if (process.platform !== 'win32' && this.child.pid !== undefined) process.kill(-this.child.pid, 'SIGKILL');
      else this.child.kill('SIGKILL');
    } catch {
      // It is gone already.
    }
  }
}
