import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request, with its body as text. */
export interface ServiceRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** A real server whose answers a test gives. */
export interface FakeService {
  readonly url: string;
  readonly requests: ServiceRequest[];
  stop(): Promise<void>;
}

export async function startFakeService(
  answer: (request: ServiceRequest, response: ServerResponse) => void | Promise<void>,
): Promise<FakeService> {
  const requests: ServiceRequest[] = [];
  const server = createServer((incoming, response) => {
    let text = '';
    incoming.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    incoming.on('end', () => {
      const { method = '', headers } = incoming;
      const request = { method, url: new URL(incoming.url ?? '', 'http://here'), headers, text };
      requests.push(request);
      void answer(request, response);
    });
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((settle) => server.close(settle));
    },
  };
}

export function reply(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** The standard's ErrorEnvelope. */
export function envelope(code: string, retryable = false, more: object = {}): object {
  return { error: { code, message: `It is ${code}.`, retryable, ...more } };
}
