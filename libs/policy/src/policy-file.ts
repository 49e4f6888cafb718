import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { fixedEngine } from './engine/fixed-engine.js';
import { fileErrorCode } from './file-error-code.js';
import { loadPolicy } from './engine/load-policy.js';
import type { PolicyEngine } from './engine/policy-engine.js';
import { problemLine } from './engine/policy-problem.js';
import type { PolicyProblem } from './engine/policy-problem.js';

/** How a policy file stands, for a health report and the log. */
export interface PolicyFileStatus {
  /** `valid`: what is in the file decides. `stale`: the file is not usable, and the last policy that was decides. `invalid`: there was none yet, and everything is denied. */
  readonly state: 'valid' | 'stale' | 'invalid';
  readonly file: string;
  /** Of the policy that decides. */
  readonly hash: string;
  readonly version?: string;
  /** When the policy that decides was read, ISO 8601; absent when none was. */
  readonly loaded_at?: string;
  /** What is wrong with the file as it is now, a line each; empty when nothing is. */
  readonly errors: readonly string[];
  /** What is likely a mistake in it. */
  readonly warnings: readonly string[];
}

export interface PolicyFileOptions {
  /** Told after every change of the status, also of the first load. */
  readonly onStatus?: (status: PolicyFileStatus) => void;
  /** How often the file is looked at, in case the system does not tell of changes; 2,000 ms by default. */
  readonly pollMs?: number;
}

const POLL_MS = 2_000;

/**
 * A policy that follows its file. A change replaces the whole engine at once, so each decision is made by one policy; a change
 * that cannot be used changes nothing but the status. A file that is missing, unreadable or wrong at first denies everything with
 * `invalid_policy` until it is put right.
 */
export class PolicyFile {
  private decider: PolicyEngine;
  private current: PolicyFileStatus;
  private seen: string | undefined;
  private usable = false;
  private closed = false;
  private looking: Promise<void> = Promise.resolve();
  private watcher: FSWatcher | undefined;
  private timer: NodeJS.Timeout | undefined;

  private constructor(
    private readonly file: string,
    private readonly onStatus: (status: PolicyFileStatus) => void,
  ) {
    this.decider = invalid(file);
    this.current = { state: 'invalid', file, hash: this.decider.hash, errors: [], warnings: [] };
  }

  /** Reads the file and follows it until `close`. Does not fail when the file is not usable: see `status`. */
  static async open(
    path: string,
    { onStatus = () => {}, pollMs = POLL_MS }: PolicyFileOptions = {},
  ): Promise<PolicyFile> {
    const policy = new PolicyFile(resolve(path), onStatus);
    policy.follow(pollMs);
    await policy.reload();
    return policy;
  }

  /** The policy that decides now. Ask for it anew for each decision. */
  get engine(): PolicyEngine {
    return this.decider;
  }

  get status(): PolicyFileStatus {
    return this.current;
  }

  /** Reads the file again if it has changed, after any reading in progress. */
  async reload(): Promise<void> {
    this.looking = this.looking.then(() => this.look());
    return this.looking;
  }

  /** Stops following; the engine stays as it is. */
  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.timer);
    this.watcher?.close();
    await this.looking;
  }

  private follow(pollMs: number): void {
    this.timer = setInterval(() => void this.reload(), pollMs).unref();
    try {
      // The folder, because editors and deployments replace the file instead of writing into it.
      this.watcher = watch(dirname(this.file), { persistent: false }, (_, name) => {
        // Kubernetes swaps a link `..data` beside the file, which is a link through it.
        if (name === null || name === basename(this.file) || name.startsWith('..')) void this.reload();
      });
      this.watcher.on('error', () => this.watcher?.close());
    } catch {
      // No such folder, or no more watches: the timer looks.
    }
  }

  private async look(): Promise<void> {
    if (this.closed) return;
    try {
      const mark = await markOf(this.file);
      if (mark === this.seen) return;
      const text = await readFile(this.file, 'utf8');
      const { engine, problems } = await loadPolicy(this.file, text);
      // The mark is from before the reading: what was written meanwhile has another, and is read the next time.
      this.seen = mark;
      if (engine === undefined) {
        this.keep(linesOf(this.file, problems, 'error'), linesOf(this.file, problems, 'warning'));
      } else this.take(engine, linesOf(this.file, problems, 'warning'));
    } catch (error) {
      this.seen = undefined;
      this.keep([`${this.file}: the file cannot be read (${fileErrorCode(error)})`], []);
    }
  }

  private take(engine: PolicyEngine, warnings: readonly string[]): void {
    this.decider = engine;
    this.usable = true;
    const { hash, version } = engine;
    this.tell({
      state: 'valid',
      file: this.file,
      hash,
      ...(version === undefined ? {} : { version }),
      loaded_at: new Date().toISOString(),
      errors: [],
      warnings,
    });
  }

  private keep(errors: readonly string[], warnings: readonly string[]): void {
    const state = this.usable ? 'stale' : 'invalid';
    const same = this.current.state === state && this.current.errors.join('\n') === errors.join('\n');
    if (!same) this.tell({ ...this.current, state, errors, warnings });
  }

  private tell(status: PolicyFileStatus): void {
    this.current = status;
    this.onStatus(status);
  }
}

function invalid(file: string): PolicyEngine {
  const message = `The policy ${basename(file)} could not be used, so everything is denied. The log of the service says why.`;
  return fixedEngine('deny', 'invalid_policy', message);
}

/** Changes whenever the file does, also when it is another file under the same name. */
async function markOf(file: string): Promise<string> {
  const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
  return [ino, size, mtimeNs, ctimeNs].join(':');
}

function linesOf(file: string, problems: readonly PolicyProblem[], severity: PolicyProblem['severity']): string[] {
  return problems.filter((problem) => problem.severity === severity).map((problem) => problemLine(file, problem));
}
