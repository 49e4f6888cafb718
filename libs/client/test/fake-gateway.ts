import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UnsecuredJWT } from 'jose';

/** A request as the server got it. */
export interface Recorded {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Readonly<Record<string, unknown>>;
}

export type Handler = (request: Recorded, response: ServerResponse) => void | Promise<void>;

/** A real server that speaks the wire of the tool gateway, counts, and answers as it is told. */
export class FakeGateway {
  readonly requests: Recorded[] = [];
  /** What the next calls of tools meet, one each; then successes. */
  readonly calls: Handler[] = [];
  /** What the next requests for tokens meet, one each; then tokens. */
  readonly mints: Handler[] = [];
  /** What everything else meets. */
  other: Handler = (_, response) => json(response, 404, { error: 'Not found.', code: 'route_not_found' });
  /** Of the tokens to come, in seconds from now. */
  issuedAt = 0;
  lifetime = 900;
  minted = 0;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<FakeGateway> {
    const server = createServer((request, response) => {
      void read(request).then((body) => gateway.answer(request, body, response));
    });
    const gateway = new FakeGateway(server);
    await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
    return gateway;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The requests for one path. */
  at(path: string): Recorded[] {
    return this.requests.filter((request) => request.path === path);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((settle) => this.server.close(settle));
  }

  private async answer(request: IncomingMessage, text: string, response: ServerResponse): Promise<void> {
    const recorded: Recorded = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
    };
    this.requests.push(recorded);
    if (recorded.path === '/api/generate-token') await (this.mints.shift() ?? this.mint)(recorded, response);
    else if (recorded.path === '/api/proxy-request') await (this.calls.shift() ?? succeed)(recorded, response);
    else await this.other(recorded, response);
  }

  readonly mint: Handler = (_, response) => {
    this.minted += 1;
    const iat = Math.floor(Date.now() / 1000) + this.issuedAt;
    const token = new UnsecuredJWT({ n: this.minted, iat, exp: iat + this.lifetime }).encode();
    json(response, 201, {
      agent_token: token,
      token_id: `token_${this.minted}`,
      expires_at: new Date((iat + this.lifetime) * 1000).toISOString(),
      agent_name: 'tester',
    });
  };
}

/** The number of the token that a request carries. */
export function tokenNumber({ headers, body }: Recorded): unknown {
  const token = /^(?:Bearer|DPoP) (.+)$/.exec(headers.authorization ?? '')?.[1] ?? body['agent_token'];
  const [, payload = ''] = String(token).split('.');
  return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { n: number }).n;
}

export const succeed: Handler = ({ body }, response) =>
  json(response, 200, { success: true, data: { echo: body['params'] }, metadata: { tool: body['tool'] } });

export function rotate(request: Recorded, response: ServerResponse): void {
  response.setHeader('x-token-rotation-recommended', 'true');
  void succeed(request, response);
}

/** A flat error of the gateway. */
export function refuse(status: number, code: string, headers: Record<string, string> = {}, more: object = {}): Handler {
  return (_, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    json(response, status, { error: `It is ${code}.`, code, correlation_id: 'their-id', ...more });
  };
}

/** Never answers. */
export const hang: Handler = () => undefined;

/** Cuts the connection. */
export const cut: Handler = (_, response) => {
  response.socket?.destroy();
};

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

async function read(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
