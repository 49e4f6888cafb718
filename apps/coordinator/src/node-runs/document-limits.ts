import { AppError } from '#contract';

/** How large what a caller or an executor hands over may be, in bytes of its JSON. What is larger belongs into an artifact. */
export class DocumentLimits {
  constructor(
    readonly maxInputsBytes: number,
    readonly maxOutputsBytes: number,
  ) {}

  /** @throws AppError payload_too_large */
  refuseLargeInputs(inputs: object, path: string): void {
    refuse(path, sizeOf(inputs), this.maxInputsBytes);
  }

  /** @throws AppError payload_too_large */
  refuseLargeOutputs(outputs: object | undefined, path: string): void {
    if (outputs !== undefined) refuse(path, sizeOf(outputs), this.maxOutputsBytes);
  }

  /** The size of outputs that are larger than what is kept; undefined when they fit. */
  excessOfOutputs(outputs: object | undefined): number | undefined {
    const size = outputs === undefined ? 0 : sizeOf(outputs);
    return size > this.maxOutputsBytes ? size : undefined;
  }
}

function sizeOf(value: object): number {
  return Buffer.byteLength(JSON.stringify(value));
}

function refuse(path: string, size: number, limit: number): void {
  if (size <= limit) return;
  throw new AppError('payload_too_large', {
    message: `${path} is ${size} bytes of JSON; ${limit} are kept. Hand large data over as an artifact.`,
    details: { issues: [{ path, message: `must be at most ${limit} bytes of JSON` }], size, limit },
  });
}
