import { setTimeout as sleep } from 'node:timers/promises';
import { CHAOS_NODES, CHAOS_VERSION } from './chaos-pack.js';
import type { SeededRandom } from './seeded-random.js';

/** The root type of composite runs; its executor is a scripted one with children of its own choice. */
export const COMPOSITE_ROOT = 'composite.scripted';

export interface LoadOptions {
  /** Base URLs of the coordinators, asked in turn. */
  readonly coordinatorUrls: readonly string[];
  readonly random: SeededRandom;
  /** Run ids begin with it. */
  readonly prefix: string;
  /** Whether a part of the runs is composite. Default false. */
  readonly composites?: boolean;
  /** How long nodes wait, in milliseconds: from and to. Default 50 to 2500. */
  readonly waitMs?: readonly [number, number];
}

/** A start that was refused for good. */
export interface Refusal {
  readonly runId: string;
  readonly status: number;
  readonly body: string;
}

const CALLERS = 24;
const CALL_TIMEOUT_MS = 10_000;
const RETRY_MIN_MS = 20;
const RETRY_MAX_MS = 500;

/**
 * Callers that start runs and remember what was acknowledged. They do what the contract asks of them: the run id is theirs, and when a
 * start is not answered, or with 5xx, they ask again with the same id and the same request, until `stop`.
 */
export class Load {
  /** Runs whose start was answered with 200. */
  readonly acknowledged: string[] = [];
  /** Anything else that is an answer for good; must stay empty. */
  readonly refused: Refusal[] = [];
  /** Starts that had to be asked for again. */
  repeated = 0;
  private count = 0;
  private readonly stopping = new AbortController();

  constructor(private readonly options: LoadOptions) {}

  /** Starts `count` runs; resolves when each was acknowledged, or refused for good. */
  async start(count: number): Promise<void> {
    const requests = Array.from({ length: count }, () => this.newRequest());
    const caller = async () => {
      for (let request = requests.shift(); request !== undefined; request = requests.shift()) {
        await this.insist(request);
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
  }

  /** Gives up what is not acknowledged yet. */
  stop(): void {
    this.stopping.abort();
  }

  private newRequest(): { run_id: string; root_node_type_ref: object; input: object } {
    const { random, prefix, composites = false, waitMs = [50, 2_500] } = this.options;
    this.count += 1;
    const n = this.count;
    const chance = random.next();
    const input = { n, ms: random.between(...waitMs) };
    const root = (node_type_id: string, version: string) => ({
      run_id: `${prefix}-${n}`,
      root_node_type_ref: { node_type_id, version },
      input,
    });
    if (composites && chance < 0.2) return root(COMPOSITE_ROOT, '1');
    if (chance < 0.4) return root('jarvis.core.echo', '0.1.0');
    if (chance < 0.7) return root(CHAOS_NODES.read, CHAOS_VERSION);
    return root(chance < 0.8 ? CHAOS_NODES.write : CHAOS_NODES.irreversible, CHAOS_VERSION);
  }

  private async insist(request: { readonly run_id: string }): Promise<void> {
    const { coordinatorUrls } = this.options;
    for (let attempt = 0; !this.stopping.signal.aborted; attempt += 1) {
      const url = coordinatorUrls[(this.count + attempt) % coordinatorUrls.length] ?? '';
      const answer = await this.post(`${url}/v1/runs`, request);
      if (answer?.status === 200) {
        this.acknowledged.push(request.run_id);
        return;
      }
      if (answer !== undefined && answer.status < 500) {
        this.refused.push({ runId: request.run_id, ...answer });
        return;
      }
      if (answer?.status === 500) this.refused.push({ runId: request.run_id, ...answer });
      this.repeated += 1;
      await sleep(Math.min(RETRY_MIN_MS * 2 ** attempt, RETRY_MAX_MS));
    }
  }

  /** @returns undefined when there was no answer */
  private async post(url: string, body: object): Promise<{ status: number; body: string } | undefined> {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.any([this.stopping.signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]),
      });
      return { status: response.status, body: await response.text() };
    } catch {
      return undefined;
    }
  }
}
