import type { Duplex } from 'node:stream';
import { encodeFrame, FrameReader, ProtocolError } from './frames.js';
import { Pace } from './pace.js';
import { readFromProcess } from './protocol.js';
import type { FromProcess, ToProcess } from './protocol.js';

const PACE = { bytes: 4_194_304, items: 1_000 };
/** Of a message, beside the outputs or the artifact in it. */
const ROOM = 262_144;

/** What a host hears from a process of a pack. */
export interface ChannelEvents {
  onMessage(message: FromProcess): void;
  /** Something came that is no message; nothing is read any more. */
  onViolation(clause: string): void;
}

/** The pipe between a host and the process of a pack, as the host has it: what comes out of it is not trusted. */
export class ProcessChannel {
  /** Slows down what is read. */
  readonly pace: Pace;
  private readonly pipe: Duplex;
  private readonly events: ChannelEvents;
  private readonly reader: FrameReader;
  private isBroken = false;

  /** @param maxBytes of outputs, and of the base64 of an artifact */
  constructor(pipe: Duplex, maxBytes: number, events: ChannelEvents) {
    this.pipe = pipe;
    this.events = events;
    this.pace = new Pace(pipe, PACE);
    this.reader = new FrameReader(maxBytes + ROOM);
    pipe.on('data', (chunk: Buffer) => this.read(chunk));
    // That the other side is gone is told by its process.
    pipe.on('error', () => undefined);
  }

  send(message: ToProcess): void {
    if (this.pipe.writable) this.pipe.write(encodeFrame(message));
  }

  private read(chunk: Buffer): void {
    if (this.isBroken) return;
    let items = 0;
    try {
      for (const [message, bytes] of this.reader.read(chunk)) {
        items += 1;
        this.events.onMessage(readFromProcess(message, bytes));
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.isBroken = true;
      this.events.onViolation(error.message);
    }
    this.pace.spend(chunk.length, items);
  }
}
