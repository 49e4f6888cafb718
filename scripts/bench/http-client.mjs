import { Pool } from 'undici';

/** A run that nothing happens to for so long is lost. */
const SILENCE_MS = 60_000;

/** @typedef {ReturnType<typeof connectTo>} HttpClient */

/**
 * Requests to one service over kept connections.
 *
 * @param {string} origin
 * @param {number} connections most requests at once; more wait
 */
export function connectTo(origin, connections) {
  const pool = new Pool(origin, { connections, headersTimeout: SILENCE_MS, bodyTimeout: SILENCE_MS });
  const send = async (method, path, body, headers) => {
    const response = await pool.request({
      method,
      path,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      body: body === undefined ? null : JSON.stringify(body),
    });
    if (response.statusCode < 300) return response.body;
    throw new Error(`${method} ${path} was answered with ${response.statusCode}: ${await response.body.text()}`);
  };
  return {
    origin,
    /** The parsed answer; undefined when it is empty. @throws Error when the status is not 2xx */
    async post(path, body, headers) {
      const text = await (await send('POST', path, body, headers)).text();
      return text === '' ? undefined : JSON.parse(text);
    },
    async get(path) {
      return (await send('GET', path)).json();
    },
    /** The whole body of an answer that ends by itself. */
    async text(path) {
      return (await send('GET', path)).text();
    },
    /** The values of an NDJSON answer as they arrive. */
    async *lines(path, headers) {
      let rest = '';
      const body = await send('GET', path, undefined, headers);
      for await (const chunk of body.setEncoding('utf8')) {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop();
        for (const line of lines) if (line !== '') yield JSON.parse(line);
      }
    },
    close: () => pool.destroy(),
  };
}
