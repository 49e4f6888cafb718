/** A message of the other side that is not what it may be; the message is a clause. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

const HEADER_BYTES = 4;

/** A message on its way: the length of what follows (4 bytes, big endian), then JSON. */
export function encodeFrame(message: object): Buffer {
  const text = JSON.stringify(message);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + Buffer.byteLength(text));
  frame.writeUInt32BE(frame.length - HEADER_BYTES);
  frame.write(text, HEADER_BYTES);
  return frame;
}

/** Makes messages of what arrives. What is longer than allowed is refused by its length, before any of it is kept. */
export class FrameReader {
  private readonly maxBytes: number;
  private chunks: Buffer[] = [];
  private held = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /**
   * The messages that are whole now, with their lengths.
   *
   * @throws ProtocolError
   */
  *read(chunk: Buffer): Generator<readonly [message: unknown, bytes: number]> {
    this.chunks.push(chunk);
    this.held += chunk.length;
    while (this.held >= HEADER_BYTES) {
      const length = this.head(HEADER_BYTES).readUInt32BE();
      if (length > this.maxBytes) {
        throw new ProtocolError(`a message of ${length} bytes, at most ${this.maxBytes} are accepted`);
      }
      if (this.held < HEADER_BYTES + length) return;
      yield [parsed(this.take(HEADER_BYTES + length).subarray(HEADER_BYTES)), length];
    }
  }

  /** The first bytes; joins chunks only as far as it must. */
  private head(bytes: number): Buffer {
    const first = this.chunks[0];
    if (first !== undefined && first.length >= bytes) return first;
    return this.join();
  }

  private take(bytes: number): Buffer {
    const all = this.chunks.length === 1 ? this.head(bytes) : this.join();
    this.chunks = all.length === bytes ? [] : [all.subarray(bytes)];
    this.held -= bytes;
    return all.subarray(0, bytes);
  }

  private join(): Buffer {
    const all = Buffer.concat(this.chunks, this.held);
    this.chunks = [all];
    return all;
  }
}

function parsed(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString('utf8'));
  } catch {
    throw new ProtocolError('a message that is not JSON');
  }
}
