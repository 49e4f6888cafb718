import { setTimeout as sleep } from 'node:timers/promises';
import { call } from '../e2e/http.js';
import { prepareAgent } from '../tool-gateway/prepared-agent.js';
import { COUNTED_TOOL } from './counted-pack.js';
import { startToolCluster } from './tool-cluster.js';
import type { ToolCluster } from './tool-cluster.js';

/** `ARP_CHAOS_TOOL_JOBS=10000 npm run test:jest -- test/chaos/tool-jobs.spec.ts` */
const JOBS = Number(process.env['ARP_CHAOS_TOOL_JOBS'] ?? 300);
const CALLERS = 16;
const KILLS = 3;
const GIVE_UP_AFTER_MS = 60_000 + JOBS * 200;

describe('kill -9 of the tool gateway', () => {
  let cluster: ToolCluster;
  beforeAll(async () => {
    cluster = await startToolCluster();
  }, 120_000);
  afterAll(() => cluster?.stop());

  it(
    `loses none of ${JOBS} jobs, and none is sent twice`,
    async () => {
      const { gateway, upstream, database } = cluster;
      const token = await agentToken(gateway.url);
      const begun = Date.now();
      const ids = new Map<string, string>();
      let next = 0;
      const caller = async () => {
        for (;;) {
          const key = `job-${next}`;
          next += 1;
          if (next > JOBS) return;
          ids.set(key, await submit(gateway.url, token, upstream.url, key, begun + GIVE_UP_AFTER_MS));
        }
      };
      const killer = async () => {
        for (let kill = 1; kill <= KILLS; kill += 1) {
          // In the middle of submitting, at a quarter, a half and three quarters.
          while (ids.size < (JOBS * kill) / (KILLS + 1)) await sleep(5);
          await gateway.restart();
        }
      };
      await Promise.all([killer(), ...Array.from({ length: CALLERS }, caller)]);
      const submitted = Date.now();
      // Once more while the rest of them runs.
      await gateway.restart();
      const ends = new Map<string, number>();
      for (const [key, id] of ids) {
        const { status, result } = await ended(gateway.url, id, begun + GIVE_UP_AFTER_MS);
        ends.set(status, (ends.get(status) ?? 0) + 1);
        expect({ key, status, result }).toEqual({ key, status: 'done', result: { count: 1 } });
      }
      expect(ends.get('done')).toBe(JOBS);
      expect(new Set(ids.values()).size).toBe(JOBS);
      expect([...upstream.all.values()].filter((count) => count !== 1)).toEqual([]);
      expect(upstream.all.size).toBe(JOBS);
      const [row] = await database.query<{ jobs: number; runs: number }>(
        `select (select count(*)::int from tool_jobs) as jobs, (select count(*)::int from runs) as runs`,
      );
      expect(row).toEqual({ jobs: JOBS, runs: JOBS });
      const seconds = (from: number, to: number) => ((to - from) / 1_000).toFixed(1);
      console.info(
        `${JOBS} jobs, ${KILLS + 1} kills: submitted in ${seconds(begun, submitted)} s, all done ${seconds(submitted, Date.now())} s later`,
      );
    },
    GIVE_UP_AFTER_MS + 60_000,
  );
});

async function agentToken(gateway: string): Promise<string> {
  const { id } = await prepareAgent(gateway, { scopes: [`${COUNTED_TOOL}:send`] });
  const body = { agent_id: id, tools: [COUNTED_TOOL], permissions: ['write'], ttl_minutes: 600 };
  const minted = await call<{ agent_token: string }>('POST', `${gateway}/api/generate-token`, body);
  expect(minted.status).toBe(201);
  return minted.body.agent_token;
}

/** As a client does: the same key again until there is an answer for good. */
async function submit(gateway: string, token: string, upstream: string, key: string, until: number): Promise<string> {
  const body = { agent_token: token, tool: COUNTED_TOOL, action: 'send', async: true, params: { url: upstream, key } };
  for (;;) {
    if (Date.now() > until) throw new Error(`${key} was not accepted`);
    const answer = await call<{ job_id: string; code?: string }>('POST', `${gateway}/api/proxy-request`, body, {
      'idempotency-key': key,
    }).catch(() => undefined);
    if (answer?.status === 202) return answer.body.job_id;
    const isPassing = answer === undefined || answer.status >= 500 || answer.body.code === 'idempotency_in_progress';
    if (!isPassing) throw new Error(`${key}: ${answer.status} ${JSON.stringify(answer.body)}`);
    await sleep(100);
  }
}

async function ended(gateway: string, id: string, until: number): Promise<{ status: string; result?: object }> {
  for (;;) {
    if (Date.now() > until) throw new Error(`${id} did not end`);
    const answer = await call<{ status: string; result?: object }>('GET', `${gateway}/api/jobs/${id}`).catch(
      () => undefined,
    );
    if (answer !== undefined && answer.status < 500) {
      if (answer.status !== 200) throw new Error(`${id}: ${answer.status} ${JSON.stringify(answer.body)}`);
      if (['done', 'failed'].includes(answer.body.status)) return answer.body;
    }
    await sleep(50);
  }
}
