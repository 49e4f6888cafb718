/** For tests of node packs, with any test runner. */
export type { HttpMock } from './mock-http.js';
export type { Recorded } from './recorder.js';
export { NodePackTestError } from './report.js';
export type { ExampleReport, NodePackCheck, NodePackProblem, NodePackReport, NodeReport } from './report.js';
export { createTestContext } from './test-context.js';
export type { TestContext, TestContextOverrides } from './test-context.js';
export { testNodePack } from './test-node-pack.js';
export type { TestNodePackOptions } from './test-node-pack.js';
