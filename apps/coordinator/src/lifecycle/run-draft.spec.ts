import { bucketOfRun } from '../sharding/bucket.js';
import { RunDraft } from './run-draft.js';

describe('the draft of a run', () => {
  it('deletes a timer that it has set itself: one of the same key may have been stored before', () => {
    const loaded = { nodeRuns: [], documents: new Map(), reportKeys: new Set<string>() };
    const draft = new RunDraft(bucketOfRun('run_timer'), 'run_timer', loaded, new Date());
    draft.setTimer({ kind: 'node_run_deadline', node_run_id: 'node_run_1', due_at: new Date() });
    draft.dropTimer('node_run_deadline', 'node_run_1');
    expect([...draft.changes.timers.added.keys()]).toEqual([]);
    expect([...draft.changes.timers.removed.keys()]).toEqual(['node_run_deadline node_run_1']);
  });
});
