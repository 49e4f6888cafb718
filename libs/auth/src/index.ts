export { authSettings } from './auth-settings.js';
export type { AuthSettings } from './auth-settings.js';
export { FORWARDERS, stampIdentity, withoutIdentity } from './identity.js';
export { staticToken } from './outbound/token-source.js';
export type { TokenSource } from './outbound/token-source.js';
export { mayReach, ownerBorder, ownerOf, ownerOfRun } from './reach.js';
export type { Owned } from './reach.js';
