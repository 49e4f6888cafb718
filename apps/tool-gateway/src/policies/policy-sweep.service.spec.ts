import { connectDatabase } from '#database';
import type { Database } from '#database';
import { createLogger } from '#http';
import { createTestDatabase } from '#testing';
import type { TestDatabase } from '#testing';
import { PolicyDecisionsRepository } from './policy-decisions.repository.js';
import { PolicySweepService } from './policy-sweep.service.js';
import { ToolQuotasRepository } from './tool-quotas.repository.js';

const NOW = new Date('2026-03-15T12:00:00Z');
const daysAgo = (days: number) => new Date(NOW.getTime() - days * 86_400_000);

describe('the sweep of policies', () => {
  let home: TestDatabase;
  let database: Database;
  let service: PolicySweepService;
  beforeEach(async () => {
    home = await createTestDatabase();
    database = await connectDatabase({
      url: home.url,
      entities: [],
      poolSize: 2,
      connectTimeoutMs: 5_000,
      applicationName: 'policy-sweep.service.spec',
    });
    service = new PolicySweepService(
      database,
      new ToolQuotasRepository(),
      new PolicyDecisionsRepository(),
      { retentionDays: 7 },
      createLogger('policy-sweep.service.spec', { LOG_LEVEL: 'silent', LOG_FORMAT: 'json' }),
    );
  });
  afterEach(async () => {
    await service.onModuleDestroy();
    await database.close();
    await home.drop();
  });

  const seed = async (days: number, count = 1) => {
    await home.query(
      `insert into tool_quota_uses select 'agent', 'a:b', $1, 'use_' || n from generate_series(1, $2::int) n`,
      [daysAgo(days), count],
    );
    await home.query(
      `insert into tool_policy_decisions (at, agent_id, policy_ids, tool, action, decision, facts)
       values ($1, 'agent', '{}', 'a', 'b', 'allow', '{}')`,
      [daysAgo(days)],
    );
  };
  const left = async () => {
    const rows = await home.query<{ uses: string; decisions: string }>(
      `select (select count(*) from tool_quota_uses) as uses, (select count(*) from tool_policy_decisions) as decisions`,
    );
    return [Number(rows[0]?.uses), Number(rows[0]?.decisions)];
  };

  it('deletes uses that count in no window any more, however many, and decisions older than the log is kept', async () => {
    await seed(32, 12_000);
    await seed(30.9);
    await seed(8);
    await seed(6.9);
    expect(await service.sweep(NOW)).toBe(12_000 + 3);
    expect(await left()).toEqual([3, 1]);
    expect(await service.sweep(NOW)).toBe(0);
  });

  it('runs when the service starts, and ends with it', async () => {
    await seed(400);
    service.onApplicationBootstrap();
    for (const end = Date.now() + 20_000; Date.now() < end && (await left()).join() !== '0,0';);
    expect(await left()).toEqual([0, 0]);
    await service.onModuleDestroy();
  });
});
