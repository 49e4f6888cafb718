import { latencies } from './latencies.mjs';
import { advance, step } from './progress.mjs';
import { withSuite } from './suite.mjs';

const FOLLOWERS = [1, 1_000];
const ROOT_NODE_TYPE = { node_type_id: 'composite.bench', version: '1.0.0' };
const ARRIVAL_TIMEOUT_MS = 60_000;

/**
 * Time from a write to its event at those who follow the run. The run is open because nothing dispatches it, and its root is
 * composite, so that evaluations can be written one by one.
 */
export async function measureFollow({ postgres, options }) {
  const name = 'bench_follow';
  const settings = { ...options.set, JARVIS_RUN_COORDINATOR_AUTO_DISPATCH: 'false' };
  const connections = Math.max(...FOLLOWERS) + 1;
  const result = await withSuite({ postgres, name, connections, settings }, async (suite) => {
    const levels = [];
    for (const followers of FOLLOWERS) {
      step(`follow: ${options.followWrites} writes to ${followers} followers`);
      levels.push(await followedWrites(suite, followers, options.followWrites));
    }
    return { levels };
  });
  await postgres.dropDatabase(name);
  return result;
}

async function followedWrites({ gateway, coordinator }, followers, writes) {
  const run = await gateway.post('/v1/runs', { root_node_type_ref: ROOT_NODE_TYPE, input: {} });
  const audience = new Audience(gateway, run.run_id, followers);
  const first = await countEvents(gateway, run.run_id);
  await audience.untilAllHave(first);
  const sinceSent = [];
  const sinceAnswered = [];
  for (let write = 1; write <= writes; write += 1) {
    const arrived = audience.untilAllHave(first + write);
    arrived.catch(() => undefined);
    const sentAt = performance.now();
    await coordinator.post(`/v1/node-runs/${run.root_node_run_id}:evaluation`, {
      evaluation_result: { status: 'unknown', reason_code: 'bench', details: { write } },
    });
    const answeredAt = performance.now();
    for (const at of await arrived) {
      sinceSent.push(at - sentAt);
      sinceAnswered.push(Math.max(0, at - answeredAt));
    }
    advance(`${write}`);
  }
  await gateway.post(`/v1/runs/${run.run_id}:cancel`);
  await audience.ended;
  return { followers, writes, since_sent_ms: latencies(sinceSent), since_answered_ms: latencies(sinceAnswered) };
}

async function countEvents(gateway, runId) {
  return (await gateway.text(`/v1/runs/${runId}/events`)).trimEnd().split('\n').length;
}

/** Everybody who follows one run. Each checks that no event is missing and none comes twice. */
class Audience {
  #arrivals = new Map();
  #size;
  /** Rejects when a follower fails; resolves when the streams of all have ended. */
  ended;

  constructor(gateway, runId, size) {
    this.#size = size;
    this.ended = Promise.all(Array.from({ length: size }, () => this.#follow(gateway, runId)));
    // Whoever waits for an arrival hears of a failure too.
    this.ended.catch(() => undefined);
  }

  /** @returns when the event arrived at each follower, in performance.now() */
  async untilAllHave(seq) {
    const { promise, times } = this.#arrival(seq);
    let timer;
    const tooLate = new Promise((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`event ${seq} came to ${times.length} of ${this.#size} followers only`)),
        ARRIVAL_TIMEOUT_MS,
      );
    });
    const endedEarly = this.ended.then(() => {
      throw new Error(`the streams ended before event ${seq}`);
    });
    endedEarly.catch(() => undefined);
    await Promise.race([promise, tooLate, endedEarly]).finally(() => clearTimeout(timer));
    this.#arrivals.delete(seq);
    return times;
  }

  async #follow(gateway, runId) {
    let expected = 1;
    for await (const { seq, type } of gateway.lines(`/v1/runs/${runId}/events?follow=1`)) {
      const at = performance.now();
      if (seq !== expected) throw new Error(`a follower of run ${runId} got event ${seq} instead of ${expected}`);
      expected += 1;
      if (type === 'run_completed') return;
      const { times, settle } = this.#arrival(seq);
      times.push(at);
      if (times.length === this.#size) settle();
    }
    throw new Error(`a stream of run ${runId} ended before the run`);
  }

  #arrival(seq) {
    let arrival = this.#arrivals.get(seq);
    if (arrival === undefined) {
      arrival = { times: [] };
      arrival.promise = new Promise((settle) => {
        arrival.settle = settle;
      });
      this.#arrivals.set(seq, arrival);
    }
    return arrival;
  }
}
