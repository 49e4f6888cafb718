/**
 * Node's environment for tests, with jwks-rsa as Node itself loads it: the package is CommonJS and requires jose, which is an ES
 * module. Node does that since 20.19, Jest only with Node 24.9. `test/jwks-rsa.mjs` stands for the package inside of Jest.
 */
import { TestEnvironment } from 'jest-environment-node';
import jwksRsa from 'jwks-rsa';

export default class extends TestEnvironment {
  async setup() {
    await super.setup();
    this.global.jwksRsaOfNode = jwksRsa;
  }
}
