import type { Duplex } from 'node:stream';
import { encodeFrame, FrameReader, ProtocolError } from './frames.js';
import { Pace } from './pace.js';
import { readFromProcess } from './protocol.js';
import type { FromProcess, ToProcess } from './protocol.js';

const PACE = { bytes: 4_194_304, items: 1_000 };
/** Of a message, beside the outputs or the artifact in it. */
const ROOM = 262_144;

/** Most bytes, as outputs and artifacts have them. */
export interface ChannelLimits {
  readonly maxOutputBytes: number;
  readonly maxArtifactBytes: number;
}

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
  private readonly maxOutputBytes: number;
  private isBroken = false;

  constructor(pipe: Duplex, limits: ChannelLimits, events: ChannelEvents) {
    this.pipe = pipe;
    this.events = events;
    this.maxOutputBytes = limits.maxOutputBytes;
    this.pace = new Pace(pipe, PACE);
    const base64 = Math.ceil(limits.maxArtifactBytes / 3) * 4;
    this.reader = new FrameReader(Math.max(limits.maxOutputBytes, base64) + ROOM);
    pipe.on('data', (chunk: Buffer) => this.read(chunk));
    // That the other side is gone is told by its process.
    pipe.on('error', () => undefined);
  }

  /** Whether something that was sent waits here for the process to read what is before it. */
  get isBehind(): boolean {
    return this.pipe.writableLength > 0;
  }

  /**
   * @param onGone when the message has left this process, or never will
   * @throws Error when it cannot be written as JSON: what is nested some thousand deep cannot
   */
  send(message: ToProcess, onGone: () => void = () => undefined): void {
    const frame = encodeFrame(message);
    if (this.pipe.writable) this.pipe.write(frame, onGone);
    else onGone();
  }

  private read(chunk: Buffer): void {
    if (this.isBroken) return;
    let items = 0;
    try {
      for (const [message, bytes] of this.reader.read(chunk)) {
        items += 1;
        this.events.onMessage(readFromProcess(message, bytes, this.maxOutputBytes));
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.isBroken = true;
      this.events.onViolation(error.message);
    }
    this.pace.spend(chunk.length, items);
  }
}
