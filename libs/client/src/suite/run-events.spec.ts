import type { ServerResponse } from 'node:http';
import { envelope, reply, startFakeService } from '../../test/fake-service.js';
import type { FakeService, ServiceRequest } from '../../test/fake-service.js';
import { ArpClient } from './arp.client.js';
import { ArpNetworkError, ArpNotFoundError } from './arp-errors.js';
import type { RunEvent } from './records.js';

const EVENTS: RunEvent[] = (['run_started', 'policy_decided', 'run_completed'] as const).map((type, index) => ({
  run_id: 'r',
  seq: index + 1,
  type,
  time: '',
  // More than one byte a character, so that a cut can go through one.
  data: { '': 'ü🎈\n' },
}));

const lines = (events: readonly RunEvent[]) =>
  Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
const WHOLE = lines(EVENTS);

describe('the events of a run', () => {
  let service: FakeService;
  let arp: ArpClient;
  let answer: (request: ServiceRequest, response: ServerResponse) => unknown;
  beforeAll(async () => {
    service = await startFakeService((request, response) => void answer(request, response));
    arp = new ArpClient({ baseUrl: service.url, retry: { minDelayMs: 1, maxDelayMs: 1 } });
  });
  beforeEach(() => {
    service.requests.length = 0;
  });
  afterAll(async () => {
    await arp.close();
    await service.stop();
  });
  const read = async (options: Parameters<typeof arp.runs.events>[1] = {}) => {
    const events: RunEvent[] = [];
    for await (const event of arp.runs.events('r', options)) events.push(event);
    return events;
  };
  const after = ({ url }: ServiceRequest) => {
    const cursor = Number(url.searchParams.get('cursor') ?? 0);
    return EVENTS.filter(({ seq }) => seq > cursor);
  };
  const cursors = () => service.requests.map(({ url }) => url.searchParams.get('cursor'));

  it.each([false, true])(
    'come once and in order, wherever the connection breaks (property; follow: %s)',
    async (follow) => {
      for (let length = 0; length <= WHOLE.length; length += 1) {
        let isFirst = true;
        answer = (request, response) => {
          response.writeHead(200, { 'content-type': 'application/x-ndjson' });
          if (!isFirst) return void response.end(lines(after(request)));
          isFirst = false;
          response.write(WHOLE.subarray(0, length), () => response.destroy());
          return undefined;
        };
        expect({ length, events: await read({ follow }) }).toEqual({ length, events: EVENTS });
      }
    },
  );

  it('are read on when an answer ends inside a line', async () => {
    let isFirst = true;
    answer = (request, response) => {
      response.writeHead(200).end(isFirst ? WHOLE.subarray(0, WHOLE.length - 9) : lines(after(request)));
      isFirst = false;
    };
    expect(await read()).toEqual(EVENTS);
    expect(cursors()).toEqual([null, '2']);
  });

  it('are followed in chunks of any size, with keep-alives in between', async () => {
    answer = async (_, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      for (const byte of WHOLE) {
        response.write(Buffer.from([byte]));
        if (byte === 10) response.write('\n\r\n');
        await new Promise((settle) => setImmediate(settle));
      }
      // It stays open: run_completed is the end.
    };
    expect(await read({ follow: true })).toEqual(EVENTS);
    expect(service.requests).toHaveLength(1);
    expect(service.requests[0]?.url.search).toBe('?follow=1');
  });

  it('are read on when a service stops in between, and a repeated one is dropped', async () => {
    answer = ({ url }, response) => {
      const cursor = Number(url.searchParams.get('cursor') ?? 0);
      response.writeHead(200);
      response.end(lines(EVENTS.slice(Math.max(0, cursor - 1), cursor + 1)));
    };
    expect(await read({ follow: true })).toEqual(EVENTS);
    expect(cursors()).toEqual([null, '1', '2']);
  });

  it('without follow are what there is, from a cursor on', async () => {
    answer = (request, response) => response.writeHead(200).end(lines(after(request)));
    expect(await read({ cursor: 1 })).toEqual(EVENTS.slice(1));
    expect(cursors()).toEqual(['1']);
  });

  it('end where a run has ended and its last event was known', async () => {
    answer = ({ url }, response) => {
      if (url.pathname === '/v1/runs/r') reply(response, 200, { run_id: 'r', state: 'failed', root_node_run_id: 'n' });
      else response.writeHead(200).end();
    };
    expect(await read({ follow: true, cursor: 3 })).toEqual([]);
  });

  it('include what came between the end of a stream and the end of the run', async () => {
    let asked = false;
    answer = (request, response) => {
      if (request.url.pathname === '/v1/runs/r') {
        asked = true;
        return reply(response, 200, { run_id: 'r', state: 'succeeded', root_node_run_id: 'n' });
      }
      return void response.writeHead(200).end(asked ? lines(after(request)) : '');
    };
    expect(await read({ follow: true, cursor: 2 })).toEqual(EVENTS.slice(2));
  });

  it('are asked for anew when nothing comes for too long', async () => {
    let count = 0;
    answer = (request, response) => {
      count += 1;
      response.writeHead(200);
      if (count === 1) response.write(lines(EVENTS.slice(0, 1)));
      else response.end(lines(after(request)));
    };
    expect(await read({ follow: true, idleTimeoutMs: 50 })).toEqual(EVENTS);
    expect(cursors()).toEqual([null, '1']);
  });

  it('are given up when they break off time after time', async () => {
    answer = (_, response) => void response.writeHead(200).write('{"se', () => response.destroy());
    const reading = read({ follow: true, maxReconnects: 2 });
    await expect(reading).rejects.toBeInstanceOf(ArpNetworkError);
    await expect(reading).rejects.toMatchObject({ code: 'stream_broken', details: { cursor: 0 } });
    expect(service.requests).toHaveLength(3);
  });

  it('throw what the service refuses', async () => {
    answer = (_, response) => reply(response, 404, envelope('run_not_found'));
    await expect(read({ follow: true })).rejects.toBeInstanceOf(ArpNotFoundError);
    expect(service.requests).toHaveLength(1);
  });

  it('stop with break and with an abort, and hang up', async () => {
    let gone = 0;
    answer = (_, response) => {
      response.once('close', () => {
        gone += 1;
      });
      response.writeHead(200).write(lines(EVENTS.slice(0, 1)));
    };
    const until = async (count: number) => {
      while (gone < count) await new Promise((settle) => setTimeout(settle, 5));
    };
    for await (const event of arp.runs.events('r', { follow: true })) {
      expect(event.seq).toBe(1);
      break;
    }
    await until(1);
    const abort = new AbortController();
    const seen: number[] = [];
    await expect(
      (async () => {
        for await (const event of arp.runs.events('r', { follow: true, signal: abort.signal })) {
          seen.push(event.seq);
          setTimeout(() => abort.abort('enough'), 5);
        }
      })(),
    ).rejects.toBe('enough');
    expect(seen).toEqual([1]);
    await until(2);
    await expect(read({ follow: true, signal: AbortSignal.abort('before') })).rejects.toBe('before');
    const other = new ArpClient({ baseUrl: service.url });
    const waiting = (async () => {
      for await (const event of other.runs.events('r', { follow: true })) if (event.seq === 1) void other.close();
    })();
    await expect(waiting).rejects.toMatchObject({ code: 'client_closed' });
    await until(3);
  });
});
