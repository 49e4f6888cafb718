export { authSettings } from './auth-settings.js';
export type { AuthSettings } from './auth-settings.js';
export { outboundTokens } from './outbound/outbound-tokens.js';
export type { OutboundPeer, OutboundSettings, OutboundTokens } from './outbound/outbound-tokens.js';
export { staticToken } from './outbound/token-source.js';
export type { TokenSource } from './outbound/token-source.js';
export { mayReach, ownerBorder, ownerOf } from './reach.js';
export type { Owned } from './reach.js';
