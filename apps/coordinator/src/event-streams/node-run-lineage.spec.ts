import type { RunEvent, RunEventType } from '#contract';
import { NodeRunLineage } from './node-run-lineage.js';

const event = (seq: number, nodeRunId?: string, type: RunEventType = 'node_evaluated', data?: object): RunEvent => ({
  run_id: 'run_1',
  seq,
  type,
  time: '2026-01-31T12:00:00Z',
  ...(nodeRunId === undefined ? {} : { node_run_id: nodeRunId }),
  ...(data === undefined ? {} : { data: { ...data } }),
});
const root = (seq: number, id: string) => event(seq, id, 'node_run_assigned', { root: true });
const child = (seq: number, id: string, parent: string) =>
  event(seq, id, 'node_run_assigned', { parent_node_run_id: parent });
const seqs = (events: readonly RunEvent[]) => events.map(({ seq }) => seq);

/** A lineage of `b`, and the node runs that it had to look up. */
function lineageOfB(within: readonly string[] = []) {
  const asked: string[][] = [];
  const lineage = new NodeRunLineage('b', async (ids) => {
    asked.push([...ids]);
    return new Set(ids.filter((id) => within.includes(id)));
  });
  return { lineage, asked };
}

describe('NodeRunLineage', () => {
  it('learns from the log who is below, without a look', async () => {
    const { lineage, asked } = lineageOfB();
    expect(
      seqs(await lineage.select([event(1), root(2, 'a'), child(3, 'b', 'a'), child(4, 'c', 'a'), child(5, 'd', 'b')])),
    ).toEqual([3, 5]);
    expect(
      seqs(
        await lineage.select([child(6, 'e', 'd'), child(7, 'f', 'c'), event(8, 'e'), event(9, 'f'), event(10, 'a')]),
      ),
    ).toEqual([6, 8]);
    expect(asked).toEqual([]);
  });

  it('knows a node run that is announced later on the same page', async () => {
    const { lineage, asked } = lineageOfB();
    const page = [event(1, 'd', 'subtask_mapped'), event(2, 'e'), child(3, 'e', 'd'), child(4, 'd', 'b')];
    expect(seqs(await lineage.select(page))).toEqual([1, 2, 3, 4]);
    expect(asked).toEqual([]);
  });

  it('looks once for those whose announcement it did not read, all of a page together', async () => {
    const { lineage, asked } = lineageOfB(['d']);
    expect(seqs(await lineage.select([event(7, 'd'), event(8, 'x'), child(9, 'e', 'd'), event(10, 'd')]))).toEqual([
      7, 9, 10,
    ]);
    expect(seqs(await lineage.select([child(11, 'y', 'x'), event(12, 'd'), event(13, 'e'), event(14, 'x')]))).toEqual([
      12, 13,
    ]);
    expect(asked).toEqual([['d', 'x']]);
  });

  it('does not go in circles', async () => {
    const { lineage } = lineageOfB();
    expect(seqs(await lineage.select([child(1, 'x', 'y'), child(2, 'y', 'x'), event(3, 'b')]))).toEqual([3]);
  });
});
