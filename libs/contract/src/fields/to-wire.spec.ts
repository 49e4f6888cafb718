import { NodeRun } from '../core/node-run.js';
import { Run } from '../core/run.js';
import { readRequest } from './read-request.js';
import { toWire } from './to-wire.js';

const REF = { node_type_id: 'a', version: '1' };
const NODE_RUN = { node_run_id: 'n', run_id: 'r', node_type_ref: REF, state: 'queued' };

/** What a service has in hand when its rows have nulls; the types do not allow it, the runtime does. */
function loose<T>(value: unknown): T {
  return value as T;
}

describe('toWire', () => {
  it('leaves out null and undefined optional fields, at every level', () => {
    const nodeRun = readRequest(NodeRun, {
      ...NODE_RUN,
      executor_binding: { executor_instance_id: 'i', endpoint: 'http://a' },
      output_artifacts: [{ type: 'file', id: 'f' }],
    });
    Object.assign(nodeRun, { kind: null, started_at: undefined });
    Object.assign(nodeRun.executor_binding ?? {}, { audience: null });
    Object.assign(nodeRun.output_artifacts?.[0] ?? {}, { uri: undefined });
    const wire = toWire(nodeRun);
    expect(wire).toBeInstanceOf(NodeRun);
    expect(Object.keys(wire)).toEqual([...Object.keys(NODE_RUN), 'executor_binding', 'output_artifacts']);
    expect(Object.keys(wire.executor_binding ?? {})).toEqual(['executor_instance_id', 'endpoint']);
    expect(Object.keys(wire.output_artifacts?.[0] ?? {})).toEqual(['type', 'id']);
    expect(nodeRun.kind).toBeNull();
  });

  it('does the same for a literal, given its class', () => {
    const literal = loose<NodeRun>({ ...NODE_RUN, kind: null, node_type_ref: { ...REF, extensions: null } });
    expect(toWire(literal, NodeRun)).toStrictEqual({ ...NODE_RUN, node_type_ref: REF });
    expect(toWire([literal, literal], NodeRun)).toStrictEqual([
      { ...NODE_RUN, node_type_ref: REF },
      { ...NODE_RUN, node_type_ref: REF },
    ]);
  });

  it('passes free-form objects and extension values on, nulls and all', () => {
    const inputs = { a: null };
    const extensions = { 'a.b': null };
    const wire = toWire(readRequest(NodeRun, { ...NODE_RUN, inputs, extensions }));
    expect(wire.inputs).toBe(inputs);
    expect(wire.extensions).toEqual({ 'a.b': null });
  });

  it('keeps a required field that is null, for the reader to find', () => {
    const wire = toWire(loose<Run>({ run_id: null, state: 'running', root_node_run_id: 'n' }), Run);
    expect(wire.run_id).toBeNull();
  });

  it('keeps properties that are not declared', () => {
    const value: unknown = JSON.parse('{"run_id": "r", "__proto__": null, "more": null}');
    expect(Object.keys(toWire(loose<Run>(value), Run))).toEqual(['run_id', '__proto__', 'more']);
  });

  it.each([[null], [undefined], ['text'], [7], [{ a: null }], [[{ a: null }]]])('returns %j as it is', (value) => {
    expect(toWire(value)).toEqual(value);
  });
});
