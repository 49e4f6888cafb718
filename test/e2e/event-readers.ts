import { createServer, connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { readRequest, RunEvent } from '#contract';

/** A reader of an event stream that stays open. */
export interface EventReader {
  readonly response: Response;
  /** Everything that has arrived, as it came. */
  text(): string;
  /** The events that have arrived so far, of NDJSON or Server-Sent Events. */
  events(): RunEvent[];
  /** Resolves as soon as `isThere` holds; rejects when the stream ends without that. */
  until(isThere: (reader: EventReader) => boolean): Promise<void>;
  /** Resolves with all events when the stream ends by itself. */
  readonly ended: Promise<RunEvent[]>;
  /** Hangs up. */
  leave(): void;
}

/** Opens an event stream; resolves when its headers are there. */
export async function openEvents(url: string, headers: Record<string, string> = {}): Promise<EventReader> {
  const hangUp = new AbortController();
  const response = await fetch(url, { headers, signal: hangUp.signal });
  let text = '';
  let over = false;
  const waiting = new Set<() => void>();
  const read = async () => {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body ?? []) {
        text += decoder.decode(chunk as Uint8Array, { stream: true });
        for (const look of [...waiting]) look();
      }
    } finally {
      over = true;
      for (const look of [...waiting]) look();
    }
    return reader.events();
  };
  const reader: EventReader = {
    response,
    text: () => text,
    events: () => eventsIn(text),
    until: (isThere) =>
      new Promise((settle, fail) => {
        const look = () => {
          const isDone = isThere(reader);
          if (!isDone && !over) return;
          waiting.delete(look);
          if (isDone) settle();
          else fail(new Error(`the stream ended with ${text.slice(-2_000)}`));
        };
        waiting.add(look);
        look();
      }),
    ended: Promise.resolve([]),
    leave: () => hangUp.abort(),
  };
  const ended = read();
  ended.catch(() => undefined);
  return Object.assign(reader, { ended });
}

/** As `openEvents`, again while a service that has more to do than it can says 503, as its caller would. */
export async function openEventsPatiently(url: string): Promise<EventReader> {
  for (let left = 60; ; left -= 1) {
    const reader = await openEvents(url);
    if (reader.response.status !== 503 || left === 0) {
      expect(reader.response.status).toBe(200);
      return reader;
    }
    await reader.ended;
    await new Promise((settle) => setTimeout(settle, 1_000));
  }
}

/** The whole lines of NDJSON, or of the data fields of Server-Sent Events, each checked against the contract. */
function eventsIn(text: string): RunEvent[] {
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .map((line) => (line.startsWith('data: ') ? line.slice('data: '.length) : line))
    .filter((line) => line.startsWith('{'))
    .map((line) => readRequest(RunEvent, JSON.parse(line)));
}

/** Asks for a path and then reads nothing until it is told to. */
export async function openSilently(url: string): Promise<{ readAll(): Promise<string>; readonly socket: Socket }> {
  const { hostname, port, pathname, search } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.pause();
  await new Promise<void>((settle) => socket.once('connect', () => settle()));
  socket.write(`GET ${pathname}${search} HTTP/1.1\r\nhost: ${hostname}\r\nconnection: close\r\n\r\n`);
  return {
    socket,
    readAll: async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of socket) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString();
    },
  };
}

/** Something between a service and its database that can be taken away and put back. */
export interface Line {
  readonly port: number;
  cut(): Promise<void>;
  mend(): Promise<void>;
}

/** A line to another port of this machine. */
export async function layLine(target: { readonly host: string; readonly port: number }): Promise<Line> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(target);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  const listen = (port: number) =>
    new Promise<number>((settle) => {
      server.listen(port, '127.0.0.1', () => settle((server.address() as AddressInfo).port));
    });
  const port = await listen(0);
  return {
    port,
    cut: () =>
      new Promise((settle) => {
        server.close(() => settle());
        for (const socket of sockets) socket.destroy();
      }),
    mend: async () => {
      await listen(port);
    },
  };
}
