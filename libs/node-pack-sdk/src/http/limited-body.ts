import type { ReadableStream as ByteStream } from 'node:stream/web';

/** How a body is watched while it is read. */
export interface BodyLimit {
  readonly maxBytes: number;
  /** Makes the error of a longer one. */
  readonly tooLarge: () => Error;
  /** What a failure of the connection is shown as. */
  readonly failure: (error: unknown) => unknown;
  /** Nothing will be read any more: it is complete, or failed, or was canceled. */
  readonly onEnd: () => void;
}

/** Passes a body on, piece by piece as it is read, and fails as soon as it is longer than it may be. */
export function limitedBody(source: ByteStream<Uint8Array>, limit: BodyLimit): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  let bytes = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (done) {
            limit.onEnd();
            controller.close();
            return;
          }
          bytes += value.byteLength;
          if (bytes > limit.maxBytes) throw limit.tooLarge();
          controller.enqueue(value);
        } catch (error) {
          const failure = limit.failure(error);
          limit.onEnd();
          // Ends the connection; what comes of it is of no interest.
          reader.cancel().catch(() => undefined);
          throw failure;
        }
      },
      async cancel(reason) {
        limit.onEnd();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
