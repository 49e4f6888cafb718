import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NodeRun, Run } from '#contract';
import type { AtomicExecuteRequest, AtomicExecuteResult, NodeType } from '#contract';
import { call, conforming } from '../e2e/http.js';
import { startCluster } from './cluster.js';
import type { Cluster } from './cluster.js';
import { until } from './settling.js';

const NODE_TYPES = (['read', 'irreversible'] as const).map((sideEffect): NodeType => ({
  node_type_id: `test.fragile.${sideEffect}`,
  version: '1',
  kind: 'atomic',
  description: 'Is lost.',
  input_schema: { type: 'object' },
  output_schema: { type: 'object' },
  extensions: { 'jarvis.side_effect': sideEffect, 'jarvis.idempotent': sideEffect === 'read' },
}));

/** What is asked when a run is started, and when its root is dispatched at once. */
const LISTINGS_LOST = 2;

/** An atomic executor that is away when it is first asked what it offers, and lost over the first work that it is given. */
class FragileExecutor {
  /** Node run ids of the executions that were begun. */
  readonly begun: string[] = [];
  private listingsToLose = 0;
  private workToLose = 0;
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => void this.serve(request, response));
  }

  async listen(): Promise<string> {
    await new Promise<void>((settle) => this.server.listen(0, '127.0.0.1', settle));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  fallIll(): void {
    this.listingsToLose = LISTINGS_LOST;
    this.workToLose = 1;
  }

  async close(): Promise<void> {
    const closed = new Promise((settle) => this.server.close(settle));
    this.server.closeAllConnections();
    await closed;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const isWork = request.url?.endsWith(':execute') === true;
    if (isWork) this.begun.push((JSON.parse(text) as AtomicExecuteRequest).node_run_id);
    const isLost = isWork ? this.workToLose > 0 : this.listingsToLose > 0;
    if (isLost) {
      if (isWork) this.workToLose -= 1;
      else this.listingsToLose -= 1;
      response.destroy();
      return;
    }
    const now = new Date().toISOString();
    const body: NodeType[] | AtomicExecuteResult = isWork
      ? { node_run_id: this.begun.at(-1) ?? '', state: 'succeeded', started_at: now, ended_at: now, outputs: {} }
      : NODE_TYPES;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }
}

describe('an executor that is away when the coordinator asks what it offers', () => {
  let cluster: Cluster | undefined;
  let executor: FragileExecutor | undefined;
  beforeAll(async () => {
    executor = new FragileExecutor();
    cluster = await startCluster({
      database: 'shared',
      coordinatorEnv: { JARVIS_ATOMIC_EXECUTOR_URL: await executor.listen() },
    });
  });
  afterAll(async () => {
    await cluster?.stop();
    await executor?.close();
  });

  /** Runs a node type at a coordinator that knows nothing yet. */
  async function outcomeOf(nodeTypeId: string, constraints?: object): Promise<{ root: NodeRun; executions: number }> {
    const coordinator = cluster!.coordinators[0]!;
    executor!.fallIll();
    await coordinator.restart();
    const answer = await call('POST', `${coordinator.url}/v1/runs`, {
      root_node_type_ref: { node_type_id: nodeTypeId, version: '1' },
      input: {},
      ...(constraints === undefined ? {} : { constraints }),
    });
    const { root_node_run_id } = conforming(Run, answer);
    let root: NodeRun | undefined;
    await until('the run has ended', async () => {
      root = conforming(NodeRun, await call('GET', `${coordinator.url}/v1/node-runs/${root_node_run_id}`));
      return root.ended_at !== undefined;
    });
    return { root: root!, executions: executor!.begun.filter((id) => id === root_node_run_id).length };
  }

  it('and lost over a node run that reads: it is repeated', async () => {
    const { root, executions } = await outcomeOf('test.fragile.read');
    expect({ state: root.state, error: root.extensions?.['jarvis.completion_error'] }).toEqual({ state: 'succeeded' });
    expect(executions).toBeGreaterThan(0);
  });

  it('and lost over one that is irreversible: it is not repeated', async () => {
    const { root, executions } = await outcomeOf('test.fragile.irreversible');
    expect(executions).toBe(1);
    expect(root.extensions?.['jarvis.completion_error']).toMatchObject({ code: 'execution_uncertain' });
  });

  it('and a run that only allows to read: it waits for the answer', async () => {
    const { root } = await outcomeOf('test.fragile.read', { gates: { side_effect_class: 'read' } });
    expect({ state: root.state, error: root.extensions?.['jarvis.completion_error'] }).toEqual({ state: 'succeeded' });
  });
});
