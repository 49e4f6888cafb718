import { AppError } from '#contract';
import { connectDatabase } from '#database';
import type { Database } from '#database';
import { createTestDatabase } from '#testing';
import type { TestDatabase } from '#testing';
import type { QuotaRule } from './tool-decision.js';
import { ToolQuotasRepository } from './tool-quotas.repository.js';
import { ToolQuotasService } from './tool-quotas.service.js';

const HOUR = 3_600;
const SEND = { agentId: 'agent_1', tool: 'gmail_send', action: 'send' };

const quota = (limit: number, resetStrategy: QuotaRule['resetStrategy'] = 'sliding', windowSeconds = HOUR) => ({
  limit,
  windowSeconds,
  resetStrategy,
});

describe('quotas', () => {
  let home: TestDatabase;
  let database: Database;
  let quotas: ToolQuotasService;
  beforeAll(async () => {
    home = await createTestDatabase();
    database = await connectDatabase({
      url: home.url,
      entities: [],
      poolSize: 8,
      connectTimeoutMs: 5_000,
      applicationName: 'tool-quotas.service.spec',
    });
    quotas = new ToolQuotasService(database, new ToolQuotasRepository());
  });
  beforeEach(() => home.query('delete from tool_quota_uses'));
  afterAll(async () => {
    await database.close();
    await home.drop();
  });

  /** `ok`, or for how many seconds it is refused. */
  const charge = async (rules: readonly QuotaRule[], at: string, whom = SEND): Promise<'ok' | number> => {
    try {
      await quotas.charge(whom, rules, new Date(`2026-02-11T${at}Z`));
      return 'ok';
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'tool_quota_exceeded') throw error;
      expect(error.status).toBe(429);
      return error.details?.['retry_after'] as number;
    }
  };
  const uses = async () => (await home.query('select 1 from tool_quota_uses')).length;

  it('weakness 13: of 50 calls at once exactly as many as the limit are let through', async () => {
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, second) => charge([quota(10)], `10:00:${String(second).padStart(2, '0')}`)),
    );
    expect(results.filter((result) => result === 'ok')).toHaveLength(10);
    expect(await uses()).toBe(10);
  });

  it('weakness 13: agents and actions do not share', async () => {
    expect(await charge([quota(1)], '10:00:00')).toBe('ok');
    expect(await charge([quota(1)], '10:00:00')).toBe(HOUR);
    expect(await charge([quota(1)], '10:00:00', { ...SEND, agentId: 'agent_2' })).toBe('ok');
    expect(await charge([quota(1)], '10:00:00', { ...SEND, action: 'profile' })).toBe('ok');
    expect(await charge([quota(1)], '10:00:00', { ...SEND, tool: 'gmail' })).toBe('ok');
  });

  it('weakness 13: a call that one quota refuses counts in none', async () => {
    const both = [quota(1, 'fixed'), quota(5, 'sliding', 24 * HOUR)];
    expect(await charge(both, '10:00:00')).toBe('ok');
    for (const at of ['10:10:00', '10:20:00', '10:30:00', '10:40:00']) expect(await charge(both, at)).not.toBe('ok');
    expect(await uses()).toBe(1);
    for (const hour of ['11', '12', '13', '14']) expect(await charge(both, `${hour}:00:00`)).toBe('ok');
    expect(await charge(both, '15:00:00')).toBe(19 * HOUR);
    expect(await uses()).toBe(5);
  });

  it('a sliding one looks back from the call, a fixed one to the start of the hour', async () => {
    const sliding = [quota(2)];
    expect(await charge(sliding, '10:50:00')).toBe('ok');
    expect(await charge(sliding, '10:55:00.500')).toBe('ok');
    expect(await charge(sliding, '11:00:00')).toBe(50 * 60);
    expect(await charge(sliding, '11:49:59.999')).toBe(1);
    expect(await charge(sliding, '11:50:00')).toBe('ok');
    expect(await charge(sliding, '11:50:00')).toBe(5 * 60 + 1);

    const fixed = [quota(2, 'fixed')];
    const other = { ...SEND, agentId: 'agent_2' };
    expect(await charge(fixed, '10:50:00', other)).toBe('ok');
    expect(await charge(fixed, '10:55:00', other)).toBe('ok');
    expect(await charge(fixed, '10:59:59.999', other)).toBe(1);
    expect(await charge(fixed, '10:59:00', other)).toBe(60);
    expect(await charge(fixed, '11:00:00', other)).toBe('ok');
  });

  it('what is used up longest says when there is room, after a limit was lowered too', async () => {
    const rules = [quota(3), quota(3, 'sliding', 24 * HOUR)];
    for (const minute of ['00', '10', '20']) expect(await charge(rules, `10:${minute}:00`)).toBe('ok');
    expect(await charge(rules, '10:30:00')).toBe(24 * HOUR - 30 * 60);
    expect(await charge([quota(3)], '10:30:00')).toBe(30 * 60);
    // Two have to leave.
    expect(await charge([quota(2)], '10:30:00')).toBe(40 * 60);
  });

  it('says in words and details what is used up', async () => {
    const at = new Date('2026-02-11T10:00:00Z');
    await quotas.charge(SEND, [quota(1)], at);
    await expect(quotas.charge(SEND, [quota(1)], at)).rejects.toMatchObject({
      message: 'The quota of 1 calls of gmail_send:send in 1h is used up until 2026-02-11T11:00:00.000Z.',
      details: { retry_after: HOUR, scope: 'gmail_send:send', limit: 1, window: '1h' },
    });
  });

  it('without any nothing is counted', async () => {
    expect(await charge([], '10:00:00')).toBe('ok');
    expect(await uses()).toBe(0);
  });
});
