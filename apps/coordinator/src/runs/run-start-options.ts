/** Injection token of {@link RunStartOptions}. */
export const RUN_START_OPTIONS = Symbol('run start options');

/** What the operator says of starts. */
export interface RunStartOptions {
  /** How long an approval of a start waits where policy does not say, in milliseconds. */
  readonly approvalExpiryMs: number;
  /** Clients that pass requests of others on. */
  readonly forwarders: readonly string[];
}
