import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Approval, ApprovalList, Run } from '#contract';
import { createTestDatabase, freePort, startProcess, untilServing } from '#testing';
import type { ServiceProcess, TestDatabase } from '#testing';
import { webhookVerifier } from '../docs/webhook-verifier.js';
import { call, conforming } from './http.js';

const SECRET = `whsec_${Buffer.from('a key of thirty-two bytes, no more').toString('base64')}`;
const ECHO = { node_type_id: 'jarvis.core.echo', version: '0.1.0' };
const GATED = { root_node_type_ref: ECHO, input: { text: 'hi' }, constraints: { gates: { require_approval: true } } };

interface Delivery {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}
interface Event {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: Approval;
}

/** A receiver that answers what the test says. */
async function startReceiver() {
  const deliveries: Delivery[] = [];
  const answers = { status: 204, headers: {} as Record<string, string> };
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      deliveries.push({ headers: incoming.headers, body: Buffer.concat(chunks).toString() });
      response.writeHead(answers.status, answers.headers).end();
    });
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=t0ken`;
  const close = () => {
    server.closeAllConnections();
    return new Promise((settle) => server.close(settle));
  };
  const events = () => deliveries.map(({ body }) => JSON.parse(body) as Event);
  return { url, deliveries, answers, events, close };
}

async function eventually<T>(look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (let left = 600; left > 0; left -= 1) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((settle) => setTimeout(settle, 50));
  }
  throw new Error('it did not happen');
}

describe('the approval webhook', () => {
  let database: TestDatabase;
  let receiver: Awaited<ReturnType<typeof startReceiver>>;
  const processes: ServiceProcess[] = [];
  beforeEach(async () => {
    database = await createTestDatabase();
    receiver = await startReceiver();
  });
  afterEach(async () => {
    for (const process of processes.splice(0)) await process.stop();
    await receiver.close();
    await database.drop();
  });

  async function start(env: Readonly<Record<string, string>> = {}): Promise<{ url: string; process: ServiceProcess }> {
    const port = await freePort();
    const process = startProcess([`dist/apps/coordinator/src/main.js`, '--port', String(port)], {
      ARP_AUTH_PROFILE: 'dev-insecure',
      JARVIS_POLICY_PROFILE: 'dev-allow',
      DATABASE_URL: database.url,
      JARVIS_ATOMIC_EXECUTOR_URL: 'http://127.0.0.1:1',
      JARVIS_APPROVAL_WEBHOOK_URL: receiver.url,
      JARVIS_APPROVAL_WEBHOOK_SECRET: SECRET,
      JARVIS_APPROVAL_WEBHOOK_TIMEOUT_MS: '1000',
      ...env,
    });
    processes.push(process);
    const url = `http://127.0.0.1:${port}`;
    await untilServing(process, url);
    return { url, process };
  }

  async function asked(base: string): Promise<Approval> {
    const run = conforming(Run, await call('POST', `${base}/v1/runs`, GATED));
    return eventually(async () => {
      const answer = await call('GET', `${base}/v1/approvals?run_id=${run.run_id}`);
      return conforming(ApprovalList, answer).approvals[0];
    });
  }

  const told = (type: string, { approval_id }: Approval) =>
    eventually(() => receiver.events().find((event) => event.type === type && event.data.approval_id === approval_id));
  const decide = async (base: string, verb: string, { approval_id }: Approval, body = {}) =>
    conforming(Approval, await call('POST', `${base}/v1/approvals/${approval_id}:${verb}`, body));

  it('is told of all that happens to approvals, signed, as the API shows it', async () => {
    const { url, process } = await start();
    const [one, two, three, four] = [await asked(url), await asked(url), await asked(url), await asked(url)];
    expect((await told('approval.requested', one)).data).toEqual(one);
    const approved = await decide(url, 'approve', one, { comment: 'go' });
    expect((await told('approval.approved', one)).data).toEqual(approved);
    const denied = await decide(url, 'deny', two);
    expect((await told('approval.denied', two)).data).toEqual(denied);
    await call('POST', `${url}/v1/runs/${three.run_id}:cancel`, {});
    expect((await told('approval.withdrawn', three)).data.state).toBe('withdrawn');
    await database.query(`update timers set due_at = now() where kind = 'approval_expiry'`);
    expect((await told('approval.expired', four)).data.state).toBe('expired');

    await eventually(async () => {
      const left = await database.query('select 1 from approval_notices');
      return left.length === 0 ? true : undefined;
    });
    const verify = webhookVerifier();
    for (const { headers, body } of receiver.deliveries) {
      const event = verify(SECRET, headers, body) as Event;
      expect(event.id).toBe(headers['webhook-id']);
      expect(() => verify(SECRET, headers, body.replace('approval', 'approvaI'))).toThrow('signature');
      expect(() => verify(SECRET, { ...headers, 'webhook-timestamp': '1' }, body)).toThrow();
    }
    expect(new Set(receiver.events().map(({ id }) => id)).size).toBe(8);
    expect(process.output()).not.toContain(SECRET);
    expect(process.output()).not.toContain('t0ken');
  });

  it('is told again after errors and redirects, which are not followed; the run does not wait', async () => {
    const elsewhere = await startReceiver();
    try {
      const { url, process } = await start();
      receiver.answers.status = 500;
      const approval = await asked(url);
      await told('approval.requested', approval);
      await decide(url, 'deny', approval);
      conforming(Run, await call('GET', `${url}/v1/runs/${approval.run_id}`));
      receiver.answers.status = 307;
      receiver.answers.headers = { location: elsewhere.url };
      const again = () => database.query(`update approval_notices set due_at = now() where attempts > 0`);
      const countOf = (type: string) => receiver.events().filter((event) => event.type === type).length;
      await eventually(async () => {
        await again();
        return countOf('approval.requested') >= 3 && countOf('approval.denied') >= 2 ? true : undefined;
      });
      receiver.answers.status = 200;
      await eventually(async () => {
        await again();
        return (await database.query('select 1 from approval_notices')).length === 0 ? true : undefined;
      });
      expect(elsewhere.deliveries).toEqual([]);
      expect(new Set(receiver.events().map(({ id }) => id)).size).toBe(2);
      expect(process.output()).toContain('it is tried again');
      expect(process.output()).not.toContain('t0ken');
    } finally {
      await elsewhere.close();
    }
  });

  it('is given up after a day', async () => {
    receiver.answers.status = 500;
    const { url, process } = await start();
    await told('approval.requested', await asked(url));
    await database.query(
      `update approval_notices set occurred_at = now() - interval '25 hours', due_at = now() where attempts > 0`,
    );
    await eventually(async () => {
      await database.query('update approval_notices set due_at = now()');
      return (await database.query('select 1 from approval_notices')).length === 0 ? true : undefined;
    });
    await eventually(() => (process.output().includes('it is not tried again') ? true : undefined));
  });

  it('killed with -9 before it could tell: another coordinator tells; several do not tell twice', async () => {
    receiver.answers.status = 503;
    const first = await start();
    const approval = await asked(first.url);
    await told('approval.requested', approval);
    await call('POST', `${first.url}/v1/runs/${approval.run_id}:cancel`, {});
    first.process.process.kill('SIGKILL');
    await first.process.ended;
    const left = await database.query('select 1 from approval_notices');
    expect(left).toHaveLength(2);
    const before = receiver.deliveries.length;

    receiver.answers.status = 200;
    await Promise.all([start(), start(), start()]);
    await database.query('update approval_notices set due_at = now()');
    await eventually(async () => {
      return (await database.query('select 1 from approval_notices')).length === 0 ? true : undefined;
    });
    expect(
      receiver
        .events()
        .slice(before)
        .map(({ type }) => type)
        .sort(),
    ).toEqual(['approval.requested', 'approval.withdrawn']);
  });

  it('without one nothing is written down; one half of its settings is refused', async () => {
    const { url } = await start({ JARVIS_APPROVAL_WEBHOOK_URL: '', JARVIS_APPROVAL_WEBHOOK_SECRET: '' });
    await asked(url);
    expect(await database.query('select 1 from approval_notices')).toEqual([]);
    for (const missing of ['JARVIS_APPROVAL_WEBHOOK_URL', 'JARVIS_APPROVAL_WEBHOOK_SECRET']) {
      const port = String(await freePort());
      const process = startProcess(['dist/apps/coordinator/src/main.js', '--port', port], {
        ARP_AUTH_PROFILE: 'dev-insecure',
        JARVIS_POLICY_PROFILE: 'dev-allow',
        DATABASE_URL: database.url,
        JARVIS_APPROVAL_WEBHOOK_URL: receiver.url,
        JARVIS_APPROVAL_WEBHOOK_SECRET: SECRET,
        [missing]: '',
      });
      processes.push(process);
      expect(await process.ended).not.toBe(0);
      expect(process.output()).toContain(`${missing}: `);
      expect(process.output()).not.toContain(SECRET);
    }
  });
});
