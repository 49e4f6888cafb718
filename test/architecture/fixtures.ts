/** Sources in memory, by path, that violate or just keep a rule. */
export interface Fixture {
  readonly rule: string;
  /** What the case is about, when the rule has several. */
  readonly about: string;
  readonly fires: Readonly<Record<string, string>>;
  /** A near miss: looks alike and is allowed. */
  readonly silent: Readonly<Record<string, string>>;
}

const RUNS = 'apps/coordinator/src/runs';
const NODE_RUNS = 'apps/coordinator/src/node-runs';

export const FIXTURES: readonly Fixture[] = [
  {
    rule: 'apps-are-separate',
    about: 'an app that uses another app',
    fires: { 'apps/gateway/src/main.ts': "import { start } from '../../coordinator/src/coordinator.app.js';" },
    silent: { 'apps/standalone/src/main.ts': "import { start } from '../../coordinator/src/coordinator.app.js';" },
  },
  {
    rule: 'apps-are-separate',
    about: 'standalone past the composable files',
    fires: { 'apps/standalone/src/main.ts': "import { runs } from '../../coordinator/src/runs/runs.service.js';" },
    silent: {
      'apps/standalone/src/main.ts': "import { settings } from '../../coordinator/src/coordinator.config.js';",
    },
  },
  {
    rule: 'node-packs-are-loaded-at-run-time',
    about: 'an app that imports a pack by its name',
    fires: { 'apps/atomic-executor/src/main.ts': "import pack from '@arp-jarvis/node-pack-core';" },
    silent: { 'apps/atomic-executor/src/main.ts': "import { TerminalError } from '@arp-jarvis/node-pack-sdk';" },
  },
  {
    rule: 'node-packs-are-loaded-at-run-time',
    about: 'a lib that names a pack at run time, but literally',
    fires: { 'libs/node-pack-loader/src/load.ts': "export const core = await import('@arp-jarvis/node-pack-core');" },
    silent: { 'libs/node-pack-loader/src/load.ts': 'export const load = (name: string) => import(name);' },
  },
  {
    rule: 'node-packs-know-the-sdk-only',
    about: 'a lib of ours',
    fires: { 'node-packs/core/src/echo.ts': "import type { NodeType } from '#contract';" },
    silent: { 'node-packs/core/src/echo.ts': "import { defineNode } from '@arp-jarvis/node-pack-sdk';" },
  },
  {
    rule: 'node-packs-know-the-sdk-only',
    about: 'another pack, or a path into the SDK',
    fires: {
      'node-packs/web/src/index.ts': "import core from '@arp-jarvis/node-pack-core';",
      'node-packs/core/src/index.ts': "import { x } from '@arp-jarvis/node-pack-sdk/dist/define.js';",
      'node-packs/core/src/host.ts': "import { x } from '@arp-jarvis/node-pack-sdk/runtime';",
    },
    silent: {
      'node-packs/core/src/pack.spec.ts': "import { testNodePack } from '@arp-jarvis/node-pack-sdk/testing';",
      'node-packs/web/src/index.ts': "import { echo } from './echo.js'; import got from '@other/node-pack-core';",
    },
  },
  {
    rule: 'libs-are-ordered',
    about: 'a lib that stands later in the list',
    fires: {
      'libs/http/src/a.ts': "import { Database } from '#database';",
      'libs/policy/src/a.ts': "export { peer } from '#clients';",
    },
    silent: { 'libs/database/src/a.ts': "import { AppError } from '#contract'; import { text } from '#config';" },
  },
  {
    rule: 'libs-are-ordered',
    about: 'libs that import none of ours, types included',
    fires: {
      'libs/config/src/a.ts': "import type { Run } from '#contract';",
      'libs/contract/src/a.ts': "export type Text = import('#config').Text;",
      'libs/node-pack-sdk/src/a.ts': "import { AppError } from '#contract';",
    },
    silent: {
      'libs/contract/src/a.ts': "import packageJson from '#package.json'; import { ulid } from './fields/fields.js';",
    },
  },
  {
    rule: 'libs-are-ordered',
    about: 'the SDK, which only the loader reads',
    fires: { 'libs/clients/src/a.ts': "import type { Handler } from '@arp-jarvis/node-pack-sdk';" },
    silent: { 'libs/node-pack-loader/src/a.ts': "import type { Handler } from '@arp-jarvis/node-pack-sdk';" },
  },
  {
    rule: 'libs-are-listed',
    about: 'a new lib without a place',
    fires: { 'libs/queues/src/index.ts': '' },
    silent: { 'libs/node-pack-sdk/src/index.ts': '' },
  },
  {
    rule: 'libs-import-no-apps',
    about: 'a service, as a type',
    fires: {
      'libs/clients/src/a.ts': "import type { RunsService } from '../../../apps/coordinator/src/runs/runs.service.js';",
    },
    silent: { 'libs/clients/src/a.ts': "import { RunsApi } from '#contract';" },
  },
  {
    rule: 'testing-is-for-tests',
    about: 'a builder in a source file',
    fires: { [`${RUNS}/runs.service.ts`]: "import { aRun } from '#testing';" },
    silent: {
      [`${RUNS}/runs.service.spec.ts`]: "import { aRun } from '#testing';",
      'test/e2e/a.ts': "import { aRun } from '#testing';",
    },
  },
  {
    rule: 'sources-import-no-tests',
    about: 'what a spec file or test/ exports',
    fires: {
      [`${RUNS}/a.ts`]: "import { request } from './runs.service.spec.js';",
      'libs/http/src/a.ts': "import { call } from '../../../test/e2e/http.js';",
    },
    silent: {
      'test/e2e/a.spec.ts': "import { call } from './http.js';",
      [`${RUNS}/b.ts`]: "import './specification.js';",
    },
  },
  {
    rule: 'public-face',
    about: 'a lib by a path past its index.ts',
    fires: {
      [`${RUNS}/a.ts`]: "import { peer } from '#clients/peer.js';",
      [`${RUNS}/b.ts`]: "import { peer } from '../../../../libs/clients/src/index.js';",
      'libs/node-pack-loader/src/a.ts': "import { x } from '@arp-jarvis/node-pack-sdk/dist/define.js';",
    },
    silent: {
      [`${RUNS}/a.ts`]: "import { peer } from '#clients';",
      'libs/node-pack-loader/src/a.ts': "import version from '@arp-jarvis/node-pack-sdk/package.json';",
      'libs/node-pack-loader/src/b.ts': "import { admitPack } from '@arp-jarvis/node-pack-sdk/runtime';",
    },
  },
  {
    rule: 'public-face',
    about: 'a lib that names itself',
    fires: { 'libs/http/src/a.ts': "import { createApp } from '#http';" },
    silent: { 'libs/http/src/a.ts': "import { createApp } from './create-app.js';" },
  },
  {
    rule: 'index-is-a-public-face',
    about: 'an index.ts of a folder',
    fires: { [`${RUNS}/index.ts`]: '', 'libs/contract/src/core/index.ts': '' },
    silent: { 'libs/contract/src/index.ts': '', 'node-packs/web/src/index.ts': '', [`${RUNS}/run-index.ts`]: '' },
  },
  {
    rule: 'relative-imports-stay-home',
    about: 'a path from an app or a test into a lib, and from a pack into a pack',
    fires: {
      [`${RUNS}/a.ts`]: "import { x } from '../../../../libs/http/src/index.js';",
      'test/e2e/a.ts': "import { x } from '../../libs/http/src/serve.js';",
      'node-packs/web/src/a.ts': "import { echo } from '../../core/src/echo.js';",
    },
    silent: {
      [`${RUNS}/a.ts`]: "import { x } from '../../src/ready/ready.entity.js';",
      'test/e2e/a.ts': "import { x } from '../../apps/gateway/src/gateway.app.js';",
    },
  },
  {
    rule: 'controllers-know-no-tables',
    about: 'a repository or entity in a controller, even as a type',
    fires: {
      [`${RUNS}/runs.controller.ts`]: "import type { StoredRun } from './runs.repository.js';",
      [`${NODE_RUNS}/node-runs.controller.ts`]: "import { NodeRunEntity } from './node-run.entity.js';",
    },
    silent: { [`${RUNS}/runs.controller.ts`]: "import { RunsService } from './runs.service.js';" },
  },
  {
    rule: 'tables-know-no-callers',
    about: 'a step up the chain, even as a type',
    fires: {
      [`${RUNS}/runs.repository.ts`]: "import type { NewRun } from './runs.service.js';",
      [`${RUNS}/run.entity.ts`]: "import type { StoredRun } from './runs.repository.js';",
      [`${RUNS}/run-tag.entity.ts`]: "import { RunsController } from './runs.controller.js';",
    },
    silent: {
      [`${RUNS}/runs.repository.ts`]: "import { RunEntity } from './run.entity.js';",
      [`${RUNS}/run.entity.ts`]: "import { isTerminal } from './run-state.js';",
    },
  },
  {
    rule: 'services-know-no-routes',
    about: 'a service that reaches for a controller or a module',
    fires: {
      [`${RUNS}/runs.service.ts`]: "import { RunsController } from './runs.controller.js';",
      [`${NODE_RUNS}/node-runs.service.ts`]: "import { RunsModule } from '../runs/runs.module.js';",
    },
    silent: {
      [`${RUNS}/runs.module.ts`]: "import { RunsController } from './runs.controller.js';",
      [`${RUNS}/runs.controller.spec.ts`]: "import { RunsController } from './runs.controller.js';",
    },
  },
  {
    rule: 'repositories-have-one-owner',
    about: "another folder's repository",
    fires: { [`${NODE_RUNS}/node-runs.service.ts`]: "import { RunsRepository } from '../runs/runs.repository.js';" },
    silent: {
      [`${NODE_RUNS}/node-runs.service.ts`]: "import type { StoredRun } from '../runs/runs.repository.js';",
      [`${NODE_RUNS}/row.ts`]: "import { type StoredRun } from '../runs/runs.repository.js';",
    },
  },
  {
    rule: 'repositories-have-one-owner',
    about: 'a detour around the service inside the folder',
    fires: { [`${RUNS}/list-runs.ts`]: "import { RunsRepository } from './runs.repository.js';" },
    silent: {
      [`${RUNS}/runs.service.ts`]: "import { RunsRepository } from './runs.repository.js';",
      [`${RUNS}/runs.module.ts`]: "import { RunsRepository } from './runs.repository.js';",
    },
  },
  {
    rule: 'entities-have-one-owner',
    about: "another folder's entity",
    fires: { [`${NODE_RUNS}/node-runs.service.ts`]: "import { RunEntity } from '../runs/run.entity.js';" },
    silent: {
      [`${NODE_RUNS}/node-runs.service.ts`]: "import type { RunEntity } from '../runs/run.entity.js';",
      [`${NODE_RUNS}/node-run.entity.ts`]: "import { RunEntity } from '../runs/run.entity.js';",
      'apps/coordinator/src/entities.ts': "import { RunEntity } from './runs/run.entity.js';",
    },
  },
  {
    rule: 'resources-form-no-cycle',
    about: 'two folders, over different files and a type',
    fires: {
      [`${RUNS}/runs.service.ts`]: "import { NodeRunsService } from '../node-runs/node-runs.service.js';",
      [`${NODE_RUNS}/present-node-run.ts`]: "import type { Run } from '../runs/present-run.js';",
    },
    silent: {
      [`${RUNS}/runs.service.ts`]: "import { NodeRunsService } from '../node-runs/node-runs.service.js';",
      [`${NODE_RUNS}/node-runs.spec.ts`]: "import { presentRun } from '../runs/present-run.js';",
      'apps/coordinator/src/app.module.ts': "import { RunsModule } from './runs/runs.module.js';",
    },
  },
  {
    rule: 'resources-form-no-cycle',
    about: 'three folders in a ring',
    fires: {
      'apps/a/src/one/one.ts': "import '../two/two.js';",
      'apps/a/src/two/two.ts': "import '../three/three.js';",
      'apps/a/src/three/three.ts': "import '../one/other.js';",
    },
    silent: {
      'apps/a/src/one/one.ts': "import '../two/two.js'; import '../three/three.js';",
      'apps/a/src/two/two.ts': "import '../three/three.js';",
    },
  },
  {
    rule: 'files-form-no-cycle',
    about: 'three files in a ring, one of them over an export',
    fires: {
      'libs/http/src/a.ts': "import { b } from './b.js';",
      'libs/http/src/b.ts': "export { c } from './c.js';",
      'libs/http/src/c.ts': "const a = await import('./a.js');",
    },
    silent: {
      'libs/http/src/a.ts': "import { b } from './b.js';",
      'libs/http/src/b.ts': "import { c } from './c.js';",
      'libs/http/src/c.ts': "import type { A } from './a.js';",
    },
  },
  {
    rule: 'files-form-no-cycle',
    about: 'two libs over their public faces',
    fires: {
      'libs/http/src/index.ts': "export { a } from './a.js';",
      'libs/http/src/a.ts': "import { c } from '#config';",
      'libs/config/src/index.ts': "export { c } from './c.js'; import { a } from '#http';",
    },
    silent: {
      'libs/http/src/a.ts': "import { c } from '#config';",
      'libs/config/src/index.ts': "export { c } from './c.js';",
    },
  },
  {
    rule: 'files-form-no-cycle',
    about: 'a file that imports itself',
    fires: { 'libs/policy/src/a.ts': "import { a } from './a.js';" },
    silent: { 'libs/policy/src/a.ts': "import { a } from './b/a.js';" },
  },
  {
    rule: 'names-say-something',
    about: 'names for anything',
    fires: Object.fromEntries(
      [
        ...['utils.ts', 'string-utils.ts', 'run.helpers.ts', 'helper.ts', 'misc.ts', 'common.ts', 'types.ts'],
        ...['run.types.ts', 'shared.ts', 'constants.ts', 'base-service.ts', 'utils/dates.ts', 'services/runs.ts'],
      ].map((name) => [`apps/coordinator/src/${name}`, '']),
    ),
    silent: Object.fromEntries(
      [
        ...['node-packs/node-types.controller.ts', 'runs/run-event-type.ts', 'runs/commonplace.ts', 'runs/baseline.ts'],
        ...['common/status.ts', 'runs/miscount.ts', 'runs/shared-lock.ts'],
      ].map((name) => [`apps/coordinator/src/${name}`, '']),
    ),
  },
  {
    rule: 'files-are-short',
    about: '601 lines',
    fires: { [`${RUNS}/runs.service.ts`]: 'x;\n'.repeat(601), 'libs/http/src/a.ts': `${'x;\n'.repeat(600)}x;` },
    silent: {
      'libs/client/src/generated/gateway.ts': 'x;\n'.repeat(601),
      [`${RUNS}/runs.service.ts`]: 'x;\n'.repeat(600),
    },
  },
];
