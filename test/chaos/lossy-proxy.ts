import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/**
 * What the next request loses. `answer`: the service works on it and answers, and the answer does not arrive. `caller`: the connection
 * is gone as soon as the request was sent; the service notices while it works on it.
 */
export type Loss = 'answer' | 'caller';

/** A TCP proxy that loses answers of an HTTP service, as a network does. */
export interface LossyProxy {
  /** Base URL. */
  readonly url: string;
  /** The next `count` requests are forwarded whole and lose what `loss` says. */
  lose(loss: Loss, count: number): void;
  /** Requests that have lost something so far. */
  readonly lost: number;
  close(): Promise<void>;
}

/** @param target base URL of the service */
export async function startLossyProxy(target: string): Promise<LossyProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const losses: Loss[] = [];
  let lost = 0;
  const server = createServer((client) => {
    const service = connect(Number(port), hostname);
    const cut = () => {
      client.destroy();
      service.destroy();
    };
    for (const socket of [client, service]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', cut);
    }
    let loss: Loss | undefined;
    let request = Buffer.alloc(0);
    client.on('data', (chunk: Buffer) => {
      request = Buffer.concat([request, chunk]);
      const isWhole = isWholeRequest(request);
      if (isWhole) {
        request = Buffer.alloc(0);
        loss = losses.shift();
        if (loss !== undefined) lost += 1;
      }
      service.write(chunk, () => {
        if (isWhole && loss === 'caller') cut();
      });
    });
    service.on('data', (chunk: Buffer) => {
      if (loss === 'answer') cut();
      else client.write(chunk);
    });
    client.on('end', () => service.end());
    service.on('end', () => client.end());
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lose: (loss, count) => losses.push(...Array.from({ length: count }, () => loss)),
    get lost() {
      return lost;
    },
    close: async () => {
      const closed = new Promise((settle) => server.close(settle));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Whether the headers and as much of a body as they announce have come. */
function isWholeRequest(received: Buffer): boolean {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const length = /^content-length: *(\d+)/im.exec(received.subarray(0, end).toString('latin1'))?.[1] ?? '0';
  return received.length >= end + 4 + Number(length);
}
