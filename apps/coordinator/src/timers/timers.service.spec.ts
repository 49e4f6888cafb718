import type { Database } from '#database';
import type { Logger } from '#http';
import type { DueRow } from '../due-work/due-work.repository.js';
import type { DueWorkService } from '../due-work/due-work.service.js';
import type { RunReadsService } from '../run-store/run-reads.service.js';
import type { RunStoreService } from '../run-store/run-store.service.js';
import type { TimersRepository } from './timers.repository.js';
import { TimersService } from './timers.service.js';

const NOTICE = { kind: 'cancel_notice', bucket: 1, run_id: 'run_1' } as const;
const DEADLINE = { kind: 'run_deadline', bucket: 1, run_id: 'run_2', node_run_id: '' } as const;

/** Timers whose commands and notices a test sees. */
class Firing {
  readonly commands: string[] = [];
  readonly told: string[] = [];
  readonly timers: TimersService;
  private handler: (rows: readonly DueRow[]) => Promise<void> = () => Promise.resolve();

  constructor() {
    this.timers = new TimersService(
      undefined as unknown as Database,
      { postpone: () => Promise.resolve(true) } as unknown as TimersRepository,
      { onTimers: (handler: Firing['handler']) => (this.handler = handler) } as unknown as DueWorkService,
      {
        execute: ({ runId }: { runId: string }) => Promise.resolve(this.commands.push(runId)),
      } as unknown as RunStoreService,
      { nodeRun: (node_run_id: string) => Promise.resolve({ node_run_id }) } as unknown as RunReadsService,
      { warn: () => undefined } as unknown as Logger,
    );
    this.timers.onModuleInit();
  }

  fire(rows: readonly DueRow[]): Promise<void> {
    return this.handler(rows);
  }
}

describe('timers', () => {
  it('are not held up by an executor that does not answer', async () => {
    const firing = new Firing();
    firing.timers.onCancelNotice(({ node_run_id }) => {
      firing.told.push(node_run_id);
      return new Promise(() => undefined);
    });
    const notices = Array.from({ length: 150 }, (_, index) => ({ ...NOTICE, node_run_id: `node_run_${index}` }));
    await firing.fire([...notices, DEADLINE]);
    expect(firing.commands).toEqual(['run_2']);
    // No more are told at once; the others are due again later.
    expect(firing.told).toHaveLength(100);
  });

  it('tell further executors when some have answered', async () => {
    const firing = new Firing();
    firing.timers.onCancelNotice(async ({ node_run_id }) => {
      firing.told.push(node_run_id);
      await Promise.resolve();
    });
    const notices = Array.from({ length: 100 }, (_, index) => ({ ...NOTICE, node_run_id: `node_run_${index}` }));
    await firing.fire(notices);
    await firing.fire(notices);
    expect(firing.told).toHaveLength(200);
  });
});
