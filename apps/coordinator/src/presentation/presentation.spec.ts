import { NodeRun, readRequest, Run } from '#contract';
import { presentNodeRun } from './present-node-run.js';
import type { PresentableNodeRun } from './present-node-run.js';
import { presentRun } from './present-run.js';
import type { PresentableRun } from './present-run.js';

const AT = new Date('2026-01-31T12:00:00.5Z');
const RUN: PresentableRun = {
  run_id: 'run_1',
  state: 'running',
  root_node_run_id: 'node_run_1',
  run_context: { tenant_id: 't' },
  started_at: AT,
  ended_at: null,
  constraints: { budgets: { max_steps: 1 } },
  extensions: { 'org.note': 1 },
};
const NODE_RUN: PresentableNodeRun = {
  node_run_id: 'node_run_1',
  run_id: 'run_1',
  parent_node_run_id: null,
  node_type_id: 'a',
  node_type_version: '1',
  kind: null,
  state: 'failed',
  created_at: AT,
  started_at: null,
  ended_at: AT,
  inputs: { n: null },
  constraints: {},
  spec: {
    candidate_set_id: 'cs',
    binding_decision: { subtask_id: 'S1' },
    idempotency_key: 'k',
    extensions: { 'org.note': 1 },
  },
  decomposition_rounds: 2,
  outputs: null,
  output_artifacts: null,
  error: { code: 'timeout', message: 'late' },
};
const NODE_RUN_KEYS = [
  'constraints',
  'decomposition_rounds',
  'candidate_set_id',
  'binding_decision',
  'idempotency_key',
  'completion_error',
];

describe.each(['jarvis.', 'org.example.'])('with the prefix %s', (prefix) => {
  it('a run is as the standard wants it', () => {
    const run = presentRun(RUN, prefix);
    expect(readRequest(Run, run)).toEqual(run);
    expect(run).toEqual({
      run_id: 'run_1',
      state: 'running',
      root_node_run_id: 'node_run_1',
      run_context: { tenant_id: 't' },
      started_at: '2026-01-31T12:00:00.500Z',
      extensions: { 'org.note': 1, [`${prefix}constraints`]: { budgets: { max_steps: 1 } } },
    });
  });

  it('a node run is too', () => {
    const nodeRun = presentNodeRun(NODE_RUN, [], prefix);
    expect(readRequest(NodeRun, nodeRun)).toEqual(nodeRun);
    expect(Object.keys(nodeRun.extensions ?? {})).toEqual([
      'org.note',
      ...NODE_RUN_KEYS.map((name) => `${prefix}${name}`),
    ]);
  });
});

describe('without a prefix', () => {
  it('the keys are bare, as the Python stack writes them, and the standard refuses them', () => {
    const run = presentRun(RUN, '');
    expect(run.extensions).toEqual({ 'org.note': 1, constraints: { budgets: { max_steps: 1 } } });
    expect(() => readRequest(Run, run)).toThrow('extensions.constraints');
    expect(Object.keys(presentNodeRun(NODE_RUN, [], '').extensions ?? {})).toEqual(['org.note', ...NODE_RUN_KEYS]);
  });
});

describe('what is not there', () => {
  it('is left out', () => {
    expect(
      presentRun({ ...RUN, run_context: null, started_at: null, constraints: null, extensions: null }, 'x.'),
    ).toEqual({
      run_id: 'run_1',
      state: 'running',
      root_node_run_id: 'node_run_1',
    });
    const bare = { ...NODE_RUN, constraints: null, spec: {}, decomposition_rounds: 0, error: null };
    expect(presentNodeRun(bare, [], 'x.')).not.toHaveProperty('extensions');
  });
});

describe('reports', () => {
  it('give the last evaluation and every recovery action', () => {
    const reports = [
      { evaluation_result: { status: 'fail' as const }, recovery_action: { type: 'retry' as const } },
      { evaluation_result: { status: 'success' as const }, recovery_action: null },
    ];
    expect(presentNodeRun(NODE_RUN, reports, 'x.')).toMatchObject({
      evaluation_result: { status: 'success' },
      recovery_actions: [{ type: 'retry' }],
    });
  });
});
