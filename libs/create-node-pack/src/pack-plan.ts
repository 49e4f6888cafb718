import type { License } from './names.js';

/** Everything that a new pack is made of. */
export interface PackPlan {
  /** Absolute path of the folder to make. */
  readonly folder: string;
  readonly packageName: string;
  readonly packId: string;
  /** Without the pack id: `word-count`. */
  readonly nodeName: string;
  /** As in package.json: `Ada <ada@example.com>`; empty: nobody is named. */
  readonly author: string;
  readonly license: License;
  /** What npm is told for the SDK, such as `^0.1.0` or `file:vendor/sdk.tgz`. */
  readonly sdkSpec: string;
  /** Range of SDK versions that the pack works with. */
  readonly sdkRange: string;
  /** For the README: what to do about the SDK before publishing; empty: nothing. */
  readonly sdkNote: string;
}
