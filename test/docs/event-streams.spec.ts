import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { asThreeProcesses } from '../e2e/suites.js';
import type { SuiteUnderTest } from '../e2e/suites.js';

/** What the answer to each command of the document must show, by a part of the command. */
const SHOWS: readonly (readonly [string, RegExp])[] = [
  ['-d', /"run_id":"stream-1","state":"queued"/],
  ['curl -sN http', /"seq":1,[^]*"type":"run_completed"/],
  ['cursor=2&limit=3', /^\{[^\n]*"seq":3,[^\n]*\n[^\n]*"seq":4,[^\n]*\n[^\n]*"seq":5,[^\n]*\n$/],
  ['cursor=5', /^\{[^\n]*"seq":6,[^\n]*\n[^\n]*"type":"run_completed"[^\n]*\n$/],
  ['/v1/node-runs/', /"seq":1,[^]*"type":"atomic_executed"[^\n]*\n$/],
  ['last-event-id', /^id: 6\ndata: \{[^]*"type":"run_completed"/],
  ['text/event-stream', /^id: 1\ndata: \{[^]*\n\nid: 7\ndata: \{/],
];

describe('docs/event-streams.md', () => {
  let suite: SuiteUnderTest;
  beforeAll(async () => {
    suite = await asThreeProcesses();
  });
  afterAll(async () => suite.stop());

  it('has commands that show what it says', async () => {
    const text = await readFile('docs/event-streams.md', 'utf8');
    const commands = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) => block.trim().split('\n'));
    expect(commands).toHaveLength(SHOWS.length);
    for (const command of commands) {
      const here = command
        .replaceAll('http://127.0.0.1:8080', suite.gateway)
        .replaceAll('http://127.0.0.1:8081', suite.coordinator);
      const result = spawnSync('bash', ['-c', here], { encoding: 'utf8' });
      const [, shown] = SHOWS.find(([part]) => command.replaceAll("'", '').includes(part)) ?? [];
      expect({ command, status: result.status }).toEqual({ command, status: 0 });
      expect(result.stdout).toMatch(shown ?? /^$/);
    }
  });
});
