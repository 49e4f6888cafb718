/** A request as a mock gets it. */
export interface MockRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  /** As parsed; undefined when there is none. */
  readonly body: unknown;
  readonly correlationId: string | undefined;
}

/** What `fetch` was called with. */
export function mockRequest(url: string, init: RequestInit): MockRequest {
  const { pathname, searchParams } = new URL(url);
  const headers = new Headers(init.headers);
  return {
    method: init.method ?? 'GET',
    path: pathname,
    query: searchParams,
    headers,
    body: typeof init.body === 'string' ? (JSON.parse(init.body) as unknown) : undefined,
    correlationId: headers.get('x-correlation-id') ?? undefined,
  };
}

export function jsonReply(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });
}
