import { RunDraft } from '../lifecycle/run-draft.js';
import type { RunEntity } from '../tables/run.entity.js';
import { RecentEventsService } from './recent-events.service.js';

const AT = new Date('2026-01-31T12:00:00Z');

function head(runId: string, lastSeq: number): RunEntity {
  return {
    bucket: 7,
    run_id: runId,
    tenant_id: null,
    state: 'running',
    root_node_run_id: 'root',
    last_seq: lastSeq,
    created_at: AT,
    started_at: null,
    ended_at: null,
    deadline_at: null,
    node_count: 1,
    steps: 0,
    external_calls: 0,
    cost: 0,
    owner: null,
  };
}

/** A commit that appended `count` events to a run that had `before`. */
function commit(runId: string, before: number, count: number, data: object = {}): RunDraft {
  const loaded = { head: head(runId, before), nodeRuns: [], documents: new Map(), reportKeys: new Set<string>() };
  const draft = new RunDraft(7, runId, loaded, AT);
  draft.append(...Array.from({ length: count }, () => ({ type: 'node_evaluated' as const, data })));
  return draft;
}

const seqs = (page: ReturnType<RecentEventsService['page']>) => page?.events.map(({ seq }) => seq);

describe('recent events', () => {
  it('are those that were committed one after another, from any cursor among them', () => {
    const recent = new RecentEventsService();
    recent.keep(commit('a', 0, 3));
    recent.keep(commit('a', 3, 2));
    expect(recent.head('a')).toMatchObject({ run_id: 'a', last_seq: 5, ended: false });
    expect(recent.page('a', 0, 5, 100)).toMatchObject({ isLast: true });
    expect(seqs(recent.page('a', 0, 5, 100))).toEqual([1, 2, 3, 4, 5]);
    expect(seqs(recent.page('a', 3, 5, 1))).toEqual([4]);
    expect(recent.page('a', 3, 5, 1)?.isLast).toBe(false);
    expect(seqs(recent.page('a', 5, 5, 100))).toEqual([]);
  });

  it('are not given when another coordinator has written between or after them, or when they are asked for from before', () => {
    const recent = new RecentEventsService();
    recent.keep(commit('a', 0, 3));
    recent.keep(commit('a', 5, 1));
    expect(recent.page('a', 0, 6, 100)).toBeUndefined();
    expect(seqs(recent.page('a', 5, 6, 100))).toEqual([6]);
    expect(recent.page('a', 5, 7, 100)).toBeUndefined();
    expect(recent.page('b', 0, 0, 100)).toBeUndefined();
  });

  it('of a run are forgotten when they are too many or too large, and of the oldest runs when all together are', () => {
    const recent = new RecentEventsService();
    recent.keep(commit('many', 0, 201));
    recent.keep(commit('large', 0, 1, { text: 'x'.repeat(70_000) }));
    expect([recent.head('many'), recent.head('large')]).toEqual([undefined, undefined]);
    for (let index = 0; index < 400; index += 1) {
      recent.keep(commit(`run ${index}`, 0, 1, { text: 'x'.repeat(60_000) }));
    }
    expect(recent.head('run 0')).toBeUndefined();
    expect(recent.head('run 399')).toBeDefined();
    expect(Array.from({ length: 400 }, (_, index) => recent.head(`run ${index}`)).filter(Boolean).length).toBeLessThan(
      280,
    );
  });
});
