import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the upstream answers one request. `hang`: not at all; `cut`: the connection is cut after the request was read. */
export type UpstreamAnswer =
  | {
      readonly status: number;
      readonly body?: Record<string, unknown>;
      readonly headers?: Record<string, string>;
      /** In milliseconds. */
      readonly afterMs?: number;
      /** Not before this resolves. */
      readonly when?: Promise<void>;
    }
  | 'hang'
  | 'cut';

/** A service on loopback that counts what it is asked, by the query parameter `key`. */
export class CountingUpstream {
  private readonly counts = new Map<string, number>();
  private readonly scripts = new Map<string, UpstreamAnswer[]>();
  private readonly server = createServer((request, response) => this.answer(request, response));

  async start(): Promise<void> {
    await new Promise<void>((settle) => this.server.listen(0, '127.0.0.1', settle));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** How often a key was asked for. */
  count(key: string): number {
    return this.counts.get(key) ?? 0;
  }

  /** Keys that were asked for, with how often. */
  get all(): ReadonlyMap<string, number> {
    return this.counts;
  }

  /** Answers to a key, one after the other; the last stays. Without any: 200 with the key and its count. */
  script(key: string, ...answers: UpstreamAnswer[]): void {
    this.scripts.set(key, answers);
  }

  /** @returns what lets a key be answered */
  hold(key: string, answer: Exclude<UpstreamAnswer, string>): () => void {
    let release = (): void => undefined;
    const when = new Promise<void>((settle) => {
      release = settle;
    });
    this.script(key, { ...answer, when });
    return release;
  }

  async stop(): Promise<void> {
    const closed = new Promise((settle) => this.server.close(settle));
    this.server.closeAllConnections();
    await closed;
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const key = new URL(request.url ?? '/', this.url).searchParams.get('key') ?? '';
    const count = this.count(key) + 1;
    this.counts.set(key, count);
    const script = this.scripts.get(key) ?? [];
    const said = (script.length > 1 ? script.shift() : script[0]) ?? { status: 200 };
    request.resume().on('end', () => {
      if (said === 'cut') response.destroy();
      if (typeof said === 'string') return;
      const { status, body = { key, count }, headers = {}, afterMs = 0, when } = said;
      const send = () =>
        response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
      if (when === undefined) setTimeout(send, afterMs);
      else void when.then(send);
    });
  }
}
