import { SignJWT } from 'jose';
import { NodeRun, NodeRunsCreateResponse, Run } from '#contract';
import { startScriptedCompositeExecutor } from '#testing';
import { call, conforming, eventsOf, refusal } from './http.js';
import type { Answer } from './http.js';
import { inOneProcess } from './suites.js';
import type { SuiteUnderTest } from './suites.js';

const SECRET = 'a secret of at least thirty-two characters';

describe('reports with an assignment token', () => {
  let suite: SuiteUnderTest;
  beforeAll(async () => {
    suite = await inOneProcess({
      JARVIS_RUN_COORDINATOR_AUTO_DISPATCH: 'false',
      JARVIS_ASSIGNMENT_TOKEN_SECRET: SECRET,
    });
  });
  afterAll(async () => suite.stop());

  const token = (
    { run_id }: Pick<Run, 'run_id'>,
    nodeRunId: string,
    options: { expiresIn?: number; secret?: string; epoch?: number } = {},
  ) =>
    new SignJWT({ run_id, epoch: options.epoch ?? 0 })
      .setProtectedHeader({ alg: 'HS256', typ: 'arp-assignment+jwt' })
      .setIssuer('arp-run-coordinator')
      .setSubject(nodeRunId)
      .setExpirationTime(Math.floor(Date.now() / 1_000) + (options.expiresIn ?? 60))
      .sign(new TextEncoder().encode(options.secret ?? SECRET));

  const startRun = async () =>
    conforming(
      Run,
      await call('POST', `${suite.coordinator}/v1/runs`, {
        root_node_type_ref: { node_type_id: 'composite.plan', version: '1' },
        input: {},
      }),
    );

  /** Creates a child, evaluates and completes the root, each with this bearer. */
  async function reports({ run_id, root_node_run_id }: Run, bearer: string): Promise<Answer[]> {
    const headers = { authorization: `Bearer ${bearer}` };
    const child = { node_type_ref: { node_type_id: 'atomic.a', version: '1' }, inputs: {} };
    const of = `${suite.coordinator}/v1/node-runs`;
    return [
      await call('POST', of, { run_id, parent_node_run_id: root_node_run_id, node_runs: [child] }, headers),
      await call('POST', `${of}/${root_node_run_id}:evaluation`, { evaluation_result: { status: 'success' } }, headers),
      await call('POST', `${of}/${root_node_run_id}:complete`, { state: 'succeeded' }, headers),
    ];
  }

  it('of an earlier hand-over are refused', async () => {
    const run = await startRun();
    for (const answer of await reports(run, await token(run, run.root_node_run_id, { epoch: 5 }))) {
      refusal(answer, 403, 'assignment_mismatch');
    }
  });

  it('are accepted for the node run of the token', async () => {
    const run = await startRun();
    const [created, ...rest] = await reports(run, await token(run, run.root_node_run_id));
    expect(conforming(NodeRunsCreateResponse, created!).node_runs).toHaveLength(1);
    expect(rest.map(({ status }) => status)).toEqual([204, 204]);
  });

  it('are 403 assignment_mismatch for another node run, also for one of the same run', async () => {
    const run = await startRun();
    for (const answer of await reports(run, await token(run, 'node_run_other'))) {
      const { details } = refusal(answer, 403, 'assignment_mismatch');
      expect(details).toEqual({ assigned_node_run_id: 'node_run_other' });
    }
  });

  it('are 401 unauthorized with a token that is expired or forged', async () => {
    const run = await startRun();
    const bad = [
      await token(run, run.root_node_run_id, { expiresIn: -5 }),
      await token(run, run.root_node_run_id, { secret: `another ${SECRET}` }),
    ];
    for (const bearer of bad) {
      for (const answer of await reports(run, bearer)) {
        refusal(answer, 401, 'unauthorized');
        expect(answer.headers.get('www-authenticate')).toMatch(
          /^Bearer error="invalid_token", error_description="The assignment/,
        );
      }
    }
  });

  it('are what the scripted composite executor sends', async () => {
    const executor = await startScriptedCompositeExecutor();
    const { run_id, root_node_run_id: node_run_id } = await startRun();
    try {
      await call('POST', `${executor.url}/v1/composite-node-runs:begin`, {
        node_run_id,
        run_id,
        node_type_ref: { node_type_id: 'composite.plan', version: '1' },
        inputs: {},
        coordinator_endpoint: suite.coordinator,
        assignment_token: await token({ run_id }, node_run_id),
      });
      const children = await untilAssigned(run_id, 3);
      for (const child of children.slice(1)) {
        const answer = await call('POST', `${suite.coordinator}/v1/node-runs/${child}:complete`, {
          state: 'succeeded',
          outputs: { child },
        });
        expect(answer.status).toBe(204);
      }
      expect(await executor.ended(node_run_id)).toBe('completed');
      const root = conforming(NodeRun, await call('GET', `${suite.coordinator}/v1/node-runs/${node_run_id}`));
      expect(root).toMatchObject({
        state: 'succeeded',
        evaluation_result: { status: 'success' },
        outputs: {
          children: children.slice(1).map((child) => ({ node_run_id: child, state: 'succeeded', outputs: { child } })),
        },
      });
    } finally {
      await executor.close();
    }
  });

  /** The ids of the first `count` node runs of a run, the root first, when there are that many. */
  async function untilAssigned(runId: string, count: number): Promise<string[]> {
    for (;;) {
      const events = await eventsOf(`${suite.coordinator}/v1/runs/${runId}/events`);
      const ids = events.flatMap(({ type, node_run_id }) => (type === 'node_run_assigned' ? [node_run_id ?? ''] : []));
      if (ids.length >= count) return ids;
    }
  }

  it('are not concerned by a bearer of another kind', async () => {
    const run = await startRun();
    expect((await reports(run, 'opaque')).map(({ status }) => status)).toEqual([200, 204, 204]);
  });
});
