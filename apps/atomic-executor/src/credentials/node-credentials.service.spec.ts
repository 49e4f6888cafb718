import { CredentialsApi } from '#contract';
import type { Credential, CredentialQuery, RequestContext } from '#contract';
import { createLogger } from '#http';
import { readGrants } from '../node-packs/grants.js';
import { NodeCredentials } from './node-credentials.service.js';
import type { CredentialRequest } from './node-credentials.service.js';

const CTX = {
  principal: { subject: 'coordinator' },
  trace: { traceId: '1'.repeat(32), spanId: '1'.repeat(16), flags: '01' },
  requestId: 'r1',
  signal: AbortSignal.abort(),
} satisfies RequestContext;
const logger = createLogger('test', { LOG_LEVEL: 'silent', LOG_FORMAT: 'json' });

class Store extends CredentialsApi {
  readonly asked: CredentialQuery[] = [];
  isAway = false;
  /** By owner. */
  secrets: Record<string, string> = {};

  async readCredential(ctx: RequestContext, query: CredentialQuery): Promise<Credential | undefined> {
    this.asked.push(query);
    if (this.isAway || ctx.signal.aborted) throw new Error('the store is away: secret of the store');
    const secret = this.secrets[query.owner ?? query.run_id];
    return secret === undefined ? undefined : { name: query.name, version: '1', secret };
  }

  async ping(): Promise<void> {}
}

const pack = (packId: string, isFirstParty: boolean) => ({ packId, isFirstParty }) as CredentialRequest['pack'];
const ask = (change: Partial<CredentialRequest> = {}): CredentialRequest => ({
  pack: pack('jarvis.serpapi', true),
  name: 'serpapi',
  runId: 'run_1',
  owner: 'tenant:a',
  ...change,
});

describe('the credentials of node runs', () => {
  let store: Store;
  let credentials: NodeCredentials;
  beforeEach(() => {
    store = new Store();
    credentials = new NodeCredentials(store, readGrants(['acme.reports:credential:serpapi']), logger);
  });

  it('are those of the owner of the run, and never those of another', async () => {
    store.secrets = { 'tenant:a': 'secret of a', 'tenant:b': 'secret of b' };
    expect(await credentials.read(CTX, ask())).toBe('secret of a');
    expect(await credentials.read(CTX, ask({ owner: 'tenant:b' }))).toBe('secret of b');
    expect(await credentials.read(CTX, ask({ owner: 'tenant:c' }))).toBeUndefined();
    expect(await credentials.read(CTX, ask({ owner: undefined }))).toBeUndefined();
    expect(store.asked).toEqual([
      { name: 'serpapi', run_id: 'run_1', owner: 'tenant:a' },
      { name: 'serpapi', run_id: 'run_1', owner: 'tenant:b' },
      { name: 'serpapi', run_id: 'run_1', owner: 'tenant:c' },
      { name: 'serpapi', run_id: 'run_1' },
    ]);
  });

  it('are kept for a while, but a missing one is asked for again', async () => {
    expect(await credentials.read(CTX, ask())).toBeUndefined();
    store.secrets = { 'tenant:a': 'first' };
    expect(await credentials.read(CTX, ask())).toBe('first');
    store.secrets = { 'tenant:a': 'second' };
    expect(await credentials.read(CTX, ask({ runId: 'run_2' }))).toBe('first');
    expect(await credentials.read(CTX, ask({ name: 'openai' }))).toBe('second');
    expect(store.asked).toHaveLength(3);
  });

  it.each(['job_', 'call_'])(
    'of runs %s… are kept for that run alone, whose agent may belong to somebody else',
    async (prefix) => {
      store.secrets = { [`${prefix}1`]: 'of one', [`${prefix}2`]: 'of two' };
      expect(await credentials.read(CTX, ask({ runId: `${prefix}1`, owner: undefined }))).toBe('of one');
      expect(await credentials.read(CTX, ask({ runId: `${prefix}2`, owner: undefined }))).toBe('of two');
      expect(await credentials.read(CTX, ask({ runId: 'run_1', owner: undefined }))).toBeUndefined();
      expect(await credentials.read(CTX, ask({ runId: `${prefix}1`, owner: undefined }))).toBe('of one');
      expect(store.asked).toHaveLength(3);
    },
  );

  it('need a grant where a stranger reads what is not his own', async () => {
    store.secrets = { 'tenant:a': 'granted' };
    expect(await credentials.read(CTX, ask({ pack: pack('acme.reports', false) }))).toBe('granted');
    expect(await credentials.read(CTX, ask({ pack: pack('acme.mine', false), name: 'acme.mine' }))).toBe('granted');
    await expect(credentials.read(CTX, ask({ pack: pack('acme.mine', false) }))).rejects.toMatchObject({
      code: 'credential_not_granted',
      retryable: false,
      message: expect.stringContaining('acme.mine:credential:serpapi in JARVIS_NODEPACK_GRANTS'),
    });
    expect(store.asked).toHaveLength(2);
  });

  it('may be asked for again when the store is away, and say nothing of why', async () => {
    store.isAway = true;
    const failed = credentials.read(CTX, ask());
    await expect(failed).rejects.toMatchObject({ code: 'credential_store_unavailable', retryable: true });
    await expect(failed).rejects.not.toThrow(/secret of the store/);
  });

  it('say what to set where no store is known', async () => {
    const none = new NodeCredentials(undefined, [], logger);
    await expect(none.read(CTX, ask())).rejects.toMatchObject({
      code: 'credential_missing',
      message: expect.stringContaining('Set JARVIS_TOOL_GATEWAY_URL.'),
    });
  });
});
