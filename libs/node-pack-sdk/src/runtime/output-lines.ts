const NEWLINE = 10;
const CARRIAGE_RETURN = 13;
const LINE_BYTES_AT_MOST = 8_192;

/** Makes lines of what a process prints. What a line has beyond 8 KiB is cut off. */
export class OutputLines {
  private readonly onLine: (line: string) => void;
  private started: Buffer[] = [];
  private kept = 0;
  private isCut = false;

  constructor(onLine: (line: string) => void) {
    this.onLine = onLine;
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      this.keep(chunk.subarray(from, at));
      this.end();
      from = at + 1;
    }
    if (from < chunk.length) this.keep(chunk.subarray(from));
  }

  /** Ends a line that has begun. */
  flush(): void {
    if (this.started.length > 0) this.end();
  }

  private keep(part: Buffer): void {
    const room = LINE_BYTES_AT_MOST - this.kept;
    if (part.length > room) this.isCut = true;
    if (room <= 0) return;
    // A copy: the chunk is much larger than what is kept of it.
    this.started.push(Buffer.from(part.subarray(0, room)));
    this.kept += Math.min(room, part.length);
  }

  private end(): void {
    const line = Buffer.concat(this.started, this.kept);
    const end = line.at(-1) === CARRIAGE_RETURN ? line.length - 1 : line.length;
    const isCut = this.isCut;
    this.started = [];
    this.kept = 0;
    this.isCut = false;
    this.onLine(isCut ? `${line.toString('utf8')}…` : line.toString('utf8', 0, end));
  }
}
