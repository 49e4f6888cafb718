import type { ErrorEnvelope, NodeRun, Run, RunEvent } from '#contract';
import type { Suite } from './standalone.app.js';

/** The request of the demonstration, as the printed curl sends it. */
export const ECHO_REQUEST = {
  root_node_type_ref: { node_type_id: 'jarvis.core.echo', version: '0.1.0' },
  input: { text: 'Hello, world' },
} as const;

/**
 * Runs `jarvis.core.echo` once through the gateway's public API and shows it as it happens: the events as they come, then the
 * result.
 *
 * @returns whether the run succeeded
 */
export async function demonstrate(suite: Suite, say: (line: string) => void): Promise<boolean> {
  say(`\nA run of ${ECHO_REQUEST.root_node_type_ref.node_type_id} through the gateway:\n`);
  const started = await request<Run>(`${suite.gateway}/v1/runs`, {
    method: 'POST',
    body: JSON.stringify(ECHO_REQUEST),
  });
  say(`  run ${started.run_id} is ${started.state}`);
  for await (const event of follow(`${suite.gateway}/v1/runs/${started.run_id}/events?follow=1`)) {
    say(
      `  ${String(event.seq).padStart(2)}  ${event.time}  ${event.type.padEnd(18)} ${JSON.stringify(event.data ?? {})}`,
    );
  }
  const run = await request<Run>(`${suite.gateway}/v1/runs/${started.run_id}`);
  const root = await request<NodeRun>(`${suite.coordinator}/v1/node-runs/${run.root_node_run_id}`);
  say(`  run ${run.run_id} ${run.state}: ${JSON.stringify(root.outputs ?? root.extensions ?? {})}`);
  return run.state === 'succeeded';
}

async function request<T>(url: string, init: RequestInit = {}): Promise<T> {
  const response = await fetch(url, { ...init, headers: { 'content-type': 'application/json' } });
  const body = (await response.json()) as T | ErrorEnvelope;
  if (!response.ok) throw new Error((body as ErrorEnvelope).error.message);
  return body as T;
}

async function* follow(url: string): AsyncGenerator<RunEvent> {
  const response = await fetch(url);
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as RunEvent;
  }
}
