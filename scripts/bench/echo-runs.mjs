import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ROOT } from '../install.mjs';
import { closedLoop, forEachOf } from './closed-loop.mjs';
import { advance, step } from './progress.mjs';

const { version } = JSON.parse(readFileSync(join(ROOT, 'node-packs/core/package.json'), 'utf8'));

/** The node type that is run: it does next to nothing, so what is measured is the suite. */
export const ECHO = { node_type_id: 'jarvis.core.echo', version };

/** The events of an echo run, in order. */
const ECHO_EVENTS = [
  'run_started',
  'node_run_assigned',
  'policy_decided',
  'policy_decided',
  'node_evaluated',
  'atomic_executed',
  'run_completed',
];
const CHECKS_AT_ONCE = 32;

/** Echo runs against one suite, each followed to its end, and each checked. */
export class EchoRuns {
  #suite;
  #postgres;
  #started = [];

  constructor(suite, postgres) {
    this.#suite = suite;
    this.#postgres = postgres;
  }

  /** One level; see closedLoop. */
  async measure(callers, seconds) {
    const { runs, perSecond, times, counted } = await closedLoop({
      callers,
      seconds,
      once: () => this.once(),
      count: () => this.#postgres.transactions(this.#suite.database),
    });
    return {
      callers,
      runs,
      runs_per_second: perSecond,
      start_ms: times.start,
      end_to_end_ms: times.endToEnd,
      transactions_per_run: counted,
    };
  }

  /** Starts a run and follows it to its end. @returns milliseconds from sending to the answer, and to the last event */
  async once() {
    const { gateway } = this.#suite;
    const input = { n: this.#started.length, text: 'Hello, bench' };
    const sentAt = performance.now();
    const run = await gateway.post('/v1/runs', { root_node_type_ref: ECHO, input });
    const answeredAt = performance.now();
    const log = await gateway.text(`/v1/runs/${run.run_id}/events?follow=1`);
    const endedAt = performance.now();
    checkEchoEvents(run.run_id, log);
    this.#started.push({ nodeRunId: run.root_node_run_id, input });
    return { start: answeredAt - sentAt, endToEnd: endedAt - sentAt };
  }

  /** Reads the result of every run so far; outside of any measured time. @returns how many */
  async checkResults() {
    const runs = this.#started.splice(0);
    step(`checking the results of ${runs.length} echo runs`);
    let checked = 0;
    await forEachOf(runs, CHECKS_AT_ONCE, async ({ nodeRunId, input }) => {
      checkEchoResult(await this.#suite.coordinator.get(`/v1/node-runs/${nodeRunId}`), input);
      checked += 1;
      if (checked % 1_000 === 0) advance(`${checked}`);
    });
    return checked;
  }
}

/** @param {string} log the NDJSON of a whole run. @throws Error that says what is not right */
export function checkEchoEvents(runId, log) {
  const events = log
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const types = events.map(({ type }) => type);
  const isInOrder = events.every(({ seq, run_id }, index) => seq === index + 1 && run_id === runId);
  if (!isInOrder || !isDeepStrictEqual(types, ECHO_EVENTS)) {
    const found = events.map(({ seq, type }) => `${seq} ${type}`).join(', ');
    throw new Error(`run ${runId} has other events than an echo run: ${found}`);
  }
  const { state } = events.at(-1).data;
  if (state !== 'succeeded') throw new Error(`run ${runId} ended as ${state}: ${log}`);
}

/** @throws Error that says what is not right */
export function checkEchoResult({ node_run_id, state, outputs }, input) {
  if (state !== 'succeeded' || !isDeepStrictEqual(outputs, { echo: input })) {
    throw new Error(
      `node run ${node_run_id} is ${state} with ${JSON.stringify(outputs)} instead of the echo of ${JSON.stringify(input)}`,
    );
  }
}
