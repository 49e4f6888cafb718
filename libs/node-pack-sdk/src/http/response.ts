import type { Answer } from './answer.js';

/** What of a response is not in its headers and body. */
interface Facts {
  readonly url: URL;
  readonly redirected: boolean;
}

/**
 * A Response of Node's own with the head of an answer and another body. What the constructor of Response cannot be given (the URL) or
 * refuses although servers send it (status 999) is set on the object.
 */
export function responseOf(
  answer: Omit<Answer, 'body'>,
  body: ReadableStream<Uint8Array> | null,
  { url, redirected }: Facts,
): Response {
  const { status, statusText, ok } = answer;
  const shown = new URL(url);
  shown.hash = '';
  const head = { status, statusText, ok, url: shown.href, redirected };
  return withHead(new Response(body, { headers: [...answer.headers] }), head);
}

function withHead(response: Response, head: Readonly<Record<string, unknown>>): Response {
  const clone = (): Response => withHead(Response.prototype.clone.call(response), head);
  const properties = { ...head, clone };
  return Object.defineProperties(
    response,
    Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, { value }])),
  );
}
