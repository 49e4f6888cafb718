/** What of a response is looked at, whichever class it is of. */
export interface Answer {
  readonly status: number;
  readonly statusText: string;
  readonly ok: boolean;
  readonly headers: Pick<Headers, 'get' | 'has'> & Iterable<[string, string]>;
  readonly body: ReadableStream<Uint8Array> | null;
}
