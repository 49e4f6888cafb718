import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import { connectDatabase } from '#database';
import type { Database } from '#database';
import { createTestDatabase } from '#testing';
import type { TestDatabase } from '#testing';
import { AssignmentTokensService } from './assignment-tokens.service.js';
import { SecretsRepository } from './secrets.repository.js';
import { SharedSecretsService } from './shared-secrets.service.js';

const SECRET = 'a secret of at least thirty-two characters';
const ASSIGNMENT = { runId: 'run_1', nodeRunId: 'node_run_1', epoch: 3 };
const TTL = { ttlMs: 60_000 };

describe('assignment tokens', () => {
  let home: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    home = await createTestDatabase();
    database = await connectDatabase({
      url: home.url,
      entities: [],
      poolSize: 4,
      connectTimeoutMs: 5_000,
      applicationName: 'assignment-tokens.spec',
    });
  });
  afterAll(async () => {
    await database.close();
    await home.drop();
  });
  beforeEach(() => home.query('delete from secrets'));

  const service = (secret?: string) =>
    new AssignmentTokensService(new SharedSecretsService(database, new SecretsRepository()), secret);
  const sign = (claims: Record<string, unknown>, header: Record<string, unknown> = {}) =>
    new SignJWT({
      iss: 'arp-run-coordinator',
      sub: 'node_run_1',
      exp: 9_999_999_999,
      run_id: 'run_1',
      epoch: 3,
      ...claims,
    })
      .setProtectedHeader({ alg: 'HS256', typ: 'arp-assignment+jwt', ...header })
      .sign(new TextEncoder().encode(SECRET));

  it('say for which node run and epoch they are, and until when', async () => {
    const before = Date.now();
    const token = await service(SECRET).issue({ ...ASSIGNMENT, ...TTL });
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'HS256', typ: 'arp-assignment+jwt' });
    const { exp, ...claims } = decodeJwt(token);
    expect(claims).toEqual({ iss: 'arp-run-coordinator', sub: 'node_run_1', run_id: 'run_1', epoch: 3 });
    expect(exp).toBeGreaterThanOrEqual((before + 60_000) / 1_000);
    expect(exp).toBeLessThanOrEqual((Date.now() + 61_000) / 1_000);
    expect(await service(SECRET).verify(token)).toEqual(ASSIGNMENT);
    expect(await home.query('select 1 from secrets')).toEqual([]);
  });

  it('expire', async () => {
    const token = await service(SECRET).issue({ ...ASSIGNMENT, ttlMs: -1_000 });
    expect(await service(SECRET).verify(token)).toBe('expired');
    expect(await service(`another ${SECRET}`).verify(token)).toBe('forged');
  });

  it('that are changed, signed otherwise or incomplete are forged', async () => {
    const tokens = service(SECRET);
    const token = await tokens.issue({ ...ASSIGNMENT, ...TTL });
    const [header, , signature] = token.split('.');
    const claims = Buffer.from(JSON.stringify({ ...decodeJwt(token), sub: 'node_run_2' })).toString('base64url');
    const unsigned = Buffer.from(JSON.stringify({ alg: 'none', typ: 'arp-assignment+jwt' })).toString('base64url');
    expect(await tokens.verify(await sign({}))).toEqual(ASSIGNMENT);
    for (const forged of [
      `${header}.${claims}.${signature}`,
      `${unsigned}.${claims}.`,
      token.slice(0, -3),
      await sign({ iss: 'somebody' }),
      await sign({ sub: undefined }),
      await sign({ exp: undefined }),
      await sign({ run_id: 7 }),
      await sign({ epoch: '3' }),
      await sign({}, { typ: 'application/ARP-assignment+jwt', alg: 'HS512' }),
    ]) {
      expect(await tokens.verify(forged)).toBe('forged');
    }
  });

  it('of another kind are not ours', async () => {
    for (const other of ['', 'opaque', 'a.b.c', await sign({}, { typ: 'JWT' }), await sign({}, { typ: undefined })]) {
      expect(await service(SECRET).verify(other)).toBe('not_ours');
    }
  });

  it('are signed with one secret that is made once per database', async () => {
    const [one, two] = [service(), service()];
    const tokens = await Promise.all([one, two, one, two].map((tokens) => tokens.issue({ ...ASSIGNMENT, ...TTL })));
    for (const token of tokens) {
      for (const verifier of [one, two, service()]) expect(await verifier.verify(token)).toEqual(ASSIGNMENT);
    }
    const secrets = await home.query<{ name: string; value: string }>('select name, value from secrets');
    expect(secrets).toEqual([{ name: 'assignment_tokens', value: expect.stringMatching(/^[\w-]{43}$/) }]);
  });

  it('are issued again after the database was away', async () => {
    let isAway = true;
    const flaky = {
      query: (...parameters: Parameters<Database['query']>) =>
        isAway ? Promise.reject(new Error('away')) : database.query(...parameters),
    } as Database;
    const tokens = new AssignmentTokensService(new SharedSecretsService(flaky, new SecretsRepository()), undefined);
    await expect(tokens.issue({ ...ASSIGNMENT, ...TTL })).rejects.toThrow('away');
    isAway = false;
    expect(await service().verify(await tokens.issue({ ...ASSIGNMENT, ...TTL }))).toEqual(ASSIGNMENT);
  });
});
