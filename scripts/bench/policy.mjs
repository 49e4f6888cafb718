import { setImmediate as nextTurn } from 'node:timers/promises';
import { loadPolicy } from '../../dist/libs/policy/src/index.js';
import { isEnding } from './ending.mjs';
import { step } from './progress.mjs';

const STATEMENTS = 1_000;
const QUERIES = 1_000;
const BATCH = 50;
const WARM_UP_SHARE = 0.2;
const TENANTS = ['acme', 'blue', 'core'];
const EFFECTS = ['Allow', 'Allow', 'Allow', 'Allow', 'Allow', 'Allow', 'Allow', 'Allow', 'RequireApproval', 'Deny'];

/** How the statements say what they are about; the same questions are put to all. */
const SHAPES = {
  'by name': {
    resource: (n) => `node_type:pack${n}.node`,
    cedar: (n) => `resource == NodeType::"pack${n}.node"`,
    clause: () => '',
  },
  'by pattern': {
    resource: (n) => `node_type:pack${n}.*`,
    cedar: () => 'resource is NodeType',
    clause: (n) => `context.node_type.id like "pack${n}.*" && `,
  },
  // Nothing to find a statement by: every one is evaluated.
  'by condition': {
    resource: () => '*',
    condition: (n) => ({ StringLike: { 'node_type.id': `pack${n}.*` } }),
    cedar: () => 'resource',
    clause: (n) => `context.node_type.id like "pack${n}.*" && `,
  },
};

/**
 * Decisions per second of the two policy engines with the same statements and the same questions: one action, a tenant that is asked
 * for by a condition, and in turn all resources. Nothing but the engine is measured.
 */
export async function measurePolicy({ options }) {
  const seconds = Math.max(1, options.seconds / 2);
  const queries = Array.from({ length: QUERIES }, (_, n) => query(n));
  const levels = [];
  for (const [shape, texts] of Object.entries(SHAPES)) {
    const engines = {
      json: await load('policy.json', jsonPolicy(texts)),
      cedar: await load('policy.cedar', cedarPolicy(texts)),
    };
    const decisions = agreedDecisions(shape, engines, queries);
    for (const [language, { engine, load_ms }] of Object.entries(engines)) {
      step(`policy: ${language}, ${shape}`);
      levels.push({
        shape,
        language,
        load_ms,
        decisions,
        decisions_per_second: await rateOf(engine, queries, seconds),
      });
    }
  }
  return { statements: STATEMENTS, queries: QUERIES, levels };
}

async function load(file, text) {
  const from = performance.now();
  const { engine, problems } = await loadPolicy(file, text);
  if (engine === undefined) throw new Error(`${file} of the bench is not valid: ${problems[0].message}`);
  return { engine, load_ms: performance.now() - from };
}

/** How often which decision comes; a figure for engines that decide differently would mean nothing. */
function agreedDecisions(shape, { json, cedar }, queries) {
  const counts = { allow: 0, require_approval: 0, deny: 0 };
  for (const asked of queries) {
    const [one, other] = [json.engine.decide(asked), cedar.engine.decide(asked)];
    if (one.reason_code !== other.reason_code || one.statement?.index !== other.statement?.index) {
      throw new Error(`the engines decide differently on ${asked.resource} ${shape}: ${one.message} ${other.message}`);
    }
    counts[one.decision] += 1;
  }
  return counts;
}

async function rateOf(engine, queries, seconds) {
  const run = async (ms) => {
    const from = performance.now();
    let done = 0;
    while (performance.now() - from < ms && !isEnding()) {
      for (let n = 0; n < BATCH; n += 1) engine.decide(queries[(done + n) % QUERIES]);
      done += BATCH;
      await nextTurn();
    }
    return done / ((performance.now() - from) / 1_000);
  };
  await run(seconds * 1_000 * WARM_UP_SHARE);
  return run(seconds * 1_000);
}

function query(n) {
  const id = `pack${n % STATEMENTS}.node`;
  return {
    action: 'node.run.execute',
    resource: `node_type:${id}`,
    context: {
      principal: { subject: `user-${n}`, tenant_id: TENANTS[n % 2], roles: ['user'] },
      run: { id: `run_${n}` },
      node_type: {
        id,
        version: '1.0.0',
        kind: 'atomic',
        side_effect: 'write',
        trust_tier: 'third_party',
        tags: ['a', 'b'],
      },
      environment: { service: 'coordinator' },
      time: { now: '2026-11-20T12:00:00.000Z', hour: 12, weekday: 'fri' },
    },
  };
}

function jsonPolicy({ resource, condition }) {
  const statements = Array.from({ length: STATEMENTS }, (_, n) => ({
    Sid: `S${n}`,
    Effect: EFFECTS[n % EFFECTS.length],
    Action: 'node.run.execute',
    Resource: resource(n),
    Condition: { ...condition?.(n), StringEquals: { 'principal.tenant_id': TENANTS[n % TENANTS.length] } },
  }));
  return JSON.stringify({ Version: 'bench', Statement: statements });
}

function cedarPolicy({ cedar, clause }) {
  return Array.from({ length: STATEMENTS }, (_, n) => {
    const effect = EFFECTS[n % EFFECTS.length];
    const approval = effect === 'RequireApproval' ? '@effect("require_approval") ' : '';
    const scope = `(principal, action == Action::"node.run.execute", ${cedar(n)})`;
    const when = `${clause(n)}context.principal.tenant_id == "${TENANTS[n % TENANTS.length]}"`;
    return `@id("S${n}") ${approval}${effect === 'Deny' ? 'forbid' : 'permit'} ${scope} when { ${when} };`;
  }).join('\n');
}
