import { connectDatabase } from '#database';
import type { Database } from '#database';
import { createLogger } from '#http';
import { createTestDatabase } from '#testing';
import type { TestDatabase } from '#testing';
import { TOOL_GATEWAY_ENTITIES } from '../entities.js';
import type { ToolGatewayOptions } from '../tool-gateway-options.js';
import { RemainsRepository } from './remains.repository.js';
import { RetentionService } from './retention.service.js';

describe('RetentionService', () => {
  let home: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    home = await createTestDatabase();
    database = await connectDatabase({
      url: home.url,
      entities: TOOL_GATEWAY_ENTITIES,
      poolSize: 2,
      connectTimeoutMs: 5_000,
      applicationName: 'retention.spec',
    });
  });
  afterAll(async () => {
    await database.close();
    await home.drop();
  });

  it('removes what is old, and neither what is new nor a job that nobody has taken yet', async () => {
    await home.query(`insert into tool_agents values ('a', null, 'a', 'r', null, 'active', now(), now())`);
    await home.query(
      `insert into tool_calls (call_id, at, agent_id, correlation_id, tool, action, status, duration_ms, cached)
       select 'call_' || n || '_' || age, now() - age * interval '1 day', 'a', 'c', 't', 'x', 200, 1, false
         from generate_series(1, 2500) n, unnest(array[6, 8]) age where age = 8 or n = 1`,
    );
    await home.query(
      `insert into tool_jobs (job_id, agent_id, tool, action, correlation_id, response_rules, state, due_at, attempts, created_at)
       values ('old', 'a', 't', 'x', 'c', '{}', 'done', null, 1, now() - interval '8 days'),
              ('waiting', 'a', 't', 'x', 'c', '{}', 'queued', now(), 9, now() - interval '8 days'),
              ('new', 'a', 't', 'x', 'c', '{}', 'done', null, 1, now() - interval '6 days')`,
    );
    await home.query(
      `insert into tool_answers (agent_id, key_hash, request_hash, holder, created_at, expires_at)
       values ('a', 'old', 'r', 'h', now(), now() - interval '1 second'), ('a', 'new', 'r', 'h', now(), now() + interval '1 hour')`,
    );
    await home.query(
      `insert into tool_rate_limits values ('old', 1, (extract(epoch from now()) - 3700) * 1000), ('new', 1, extract(epoch from now()) * 1000)`,
    );
    const logger = createLogger('test', { LOG_LEVEL: 'silent', LOG_FORMAT: 'json' });
    const options = { retentionDays: 7 } as ToolGatewayOptions;
    await new RetentionService(database, new RemainsRepository(), options, logger).sweep();
    const left = await home.query(
      `select (select array_agg(call_id) from tool_calls) as calls, (select array_agg(job_id order by job_id) from tool_jobs) as jobs,
              (select array_agg(key_hash) from tool_answers) as answers, (select array_agg(key) from tool_rate_limits) as limits`,
    );
    expect(left).toEqual([{ calls: ['call_1_6'], jobs: ['new', 'waiting'], answers: ['new'], limits: ['new'] }]);
  });
});
