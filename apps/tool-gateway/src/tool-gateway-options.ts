/** Injection token of ToolGatewayOptions. */
export const TOOL_GATEWAY_OPTIONS = Symbol('tool gateway options');

/** What the operator decides about the tool gateway. */
export interface ToolGatewayOptions {
  /** What assertions may name as their audience. */
  readonly audiences: readonly string[];
  /** Base URL that DPoP proofs name; undefined: that of the request. */
  readonly publicUrl: string | undefined;
  /** Master keys of the credential store; the first encrypts. */
  readonly encryptionKeys: string;
  readonly legacyMinting: boolean;
  /** Longest time a call may take, retries included, in milliseconds. */
  readonly callTimeoutMs: number;
  readonly ratePerMinute: number;
  readonly maxConcurrency: number;
  readonly retries: number;
  readonly breaker: { readonly failures: number; readonly openMs: number };
  /** Entries `tool:seconds`. */
  readonly cacheSeconds: readonly string[];
  readonly retentionDays: number;
}
