/** jwks-rsa inside of Jest, which cannot load it: see `jest-environment.mjs`. */
export const { JwksClient, JwksRateLimitError, SigningKeyNotFoundError } = globalThis.jwksRsaOfNode;
