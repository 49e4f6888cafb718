/**
 * The JSON object at a URL of the identity provider.
 *
 * @param timeoutMs longest wait for the whole of it
 * @throws Error that names the URL, when there is no answer, another status than 2xx, a redirection or something else than an object
 */
export async function fetchJson(url: string, timeoutMs: number): Promise<Readonly<Record<string, unknown>>> {
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`the status is ${response.status}`);
    }
    const body: unknown = await response.json();
    if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new Error('it is no JSON object');
    return body as Record<string, unknown>;
  } catch (error) {
    throw new Error(`cannot read ${url}`, { cause: error });
  }
}
