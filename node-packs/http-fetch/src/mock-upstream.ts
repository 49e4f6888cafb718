import { STATUS_CODES } from 'node:http';

const BYTES_AT_MOST = 16 * 1024 * 1024;

/**
 * The web, imitated: any URL is a small HTML page. And some paths of every host:
 * - `/status/<200..599>`: that status, with a text
 * - `/redirect?to=<URL>`: 302 to it
 * - `/json`: a JSON object that names the URL
 * - `/headers`: the request's headers as JSON
 * - `/bytes/<n>`: n bytes of text
 * - `/never`: no answer
 */
export function mockUpstream(request: Request): Response | Promise<Response> {
  const url = new URL(request.url);
  const [, first = '', second = ''] = url.pathname.split('/');
  switch (first) {
    case 'status':
      return statusPage(Number(second));
    case 'redirect':
      return redirect(url.searchParams.get('to') ?? '/');
    case 'json':
      return Response.json({ url: request.url, ok: true });
    case 'headers':
      return Response.json(Object.fromEntries(request.headers));
    case 'bytes':
      return new Response('x'.repeat(Math.min(Number(second) || 0, BYTES_AT_MOST)));
    case 'never':
      return new Promise<never>(() => undefined);
    default:
      return page(url);
  }
}

/** In UTF-8, one character a byte, as servers write it that do not escape. */
function redirect(to: string): Response {
  return new Response(null, { status: 302, headers: { location: Buffer.from(to, 'utf8').toString('latin1') } });
}

function statusPage(status: number): Response {
  if (!Number.isInteger(status) || status < 200 || status > 599) return statusPage(404);
  const statusText = STATUS_CODES[status] ?? '';
  const isBare = status === 204 || status === 205 || status === 304;
  return new Response(isBare ? null : `${status} ${statusText}`.trim(), { status, statusText });
}

function page({ host, pathname }: URL): Response {
  const title = escaped(`${host}${pathname}`);
  const html = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${title}</title></head>
<body><h1>${title}</h1><p>A page of the mock upstream of jarvis.http_fetch.</p><a href="https://example.com/contact">Contact</a></body>
</html>
`;
  return new Response(html, { statusText: 'OK', headers: { 'content-type': 'text/html; charset=utf-8' } });
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
