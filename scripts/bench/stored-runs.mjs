import { createHash } from 'node:crypto';
import pg from 'pg';
import { checkEchoEvents, ECHO } from './echo-runs.mjs';
import { advance, step } from './progress.mjs';

const BATCH = 10_000;
const SAMPLES = 20;

/**
 * Fills the database of a suite with finished runs: copies, by SQL, of all rows of one that the suite has run, under ids of their
 * own. Which tables and columns those are the catalogue says. Some of the copies are read back through the API.
 */
export async function fillWithRuns({ postgres, suite, count }) {
  const model = await suite.gateway.post('/v1/runs', {
    root_node_type_ref: ECHO,
    input: { text: 'Hello, stored run' },
  });
  await suite.gateway.text(`/v1/runs/${model.run_id}/events?follow=1`);
  const client = await postgres.connect(suite.database);
  // The rows are whole by construction; the checks of foreign keys would be most of the time.
  await client.query(`set session_replication_role = replica`);
  await client.query(`set synchronous_commit = off`);
  await client.query(`create temporary table copies (n integer, bucket smallint, run_id text, node_run_id text)`);
  const statements = await copyStatements(client);
  step(`stored: writing ${count} runs`);
  for (let from = 0; from < count; from += BATCH) {
    await client.query(`truncate copies`);
    await client.query(COPY_IDS, [from, Math.min(from + BATCH, count) - 1]);
    for (const text of statements) await client.query(text, [model.run_id, model.root_node_run_id]);
    advance(`${from}`);
  }
  await client.query(`drop table copies`);
  step('stored: vacuum, analyze, checkpoint');
  await client.query(`vacuum (analyze)`);
  await client.query(`checkpoint`);
  await client.end();
  await checkCopies(suite, count);
}

/** Ids as the coordinator makes them: hexadecimal without order; the bucket is the first byte of the hash of the run id. */
const COPY_IDS = `
  with runs as (select n, 'run_' || md5('stored run ' || n) as run_id from generate_series($1::int, $2::int) as n),
       placed as (select n, run_id, get_byte(sha256(convert_to(run_id, 'UTF8')), 0) as bucket from runs)
  insert into copies (n, bucket, run_id, node_run_id)
  select n, bucket, run_id, 'node_run_' || lpad(to_hex(bucket), 2, '0') || left(md5('stored node run ' || n), 30) from placed`;

/** One statement per table that has rows of runs: it copies those of run $1 with its root $2 for every row of \`copies\`. */
async function copyStatements(client) {
  const { rows } = await client.query(
    `select c.relname as table_name, array_agg(a.attname::text order by a.attnum) as names,
            array_agg(format_type(a.atttypid, a.atttypmod) order by a.attnum) as types
       from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      group by c.relname
     having 'bucket' = any(array_agg(a.attname)) and array_agg(a.attname) && array['run_id', 'node_run_id']::name[]
      order by c.relname`,
  );
  return rows.map(({ table_name, names, types }) => {
    const values = names.map((name, index) => valueOf(name, types[index]));
    // Both parameters occur in every statement, so that PostgreSQL knows their types.
    const own = names.includes('run_id')
      ? `m.run_id = $1::text and $2::text is not null`
      : `m.node_run_id = $2::text and $1::text is not null`;
    return `insert into ${pg.escapeIdentifier(table_name)} (${names.map(pg.escapeIdentifier).join(', ')})
            select ${values.join(', ')} from copies c cross join ${pg.escapeIdentifier(table_name)} m where ${own}`;
  });
}

/** The value of a column of a copy; times are 10 ms apart from copy to copy. */
function valueOf(name, type) {
  const column = `m.${pg.escapeIdentifier(name)}`;
  if (name === 'bucket' || name === 'run_id') return `c.${name}`;
  if (name === 'node_run_id' || name === 'root_node_run_id')
    return `case when ${column} is null then null else c.node_run_id end`;
  if (type === 'json' || type === 'jsonb') return `replace(${column}::text, $2::text, c.node_run_id)::${type}`;
  if (type === 'timestamp with time zone') return `${column} - c.n * interval '10 milliseconds'`;
  return column;
}

/** @throws Error when the suite does not see a copy as the finished run that it is a copy of */
async function checkCopies({ gateway }, count) {
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    const runId = idOf(Math.floor((sample * count) / SAMPLES));
    const run = await gateway.get(`/v1/runs/${runId}`);
    if (run.state !== 'succeeded') throw new Error(`the stored run ${runId} is ${run.state}`);
    checkEchoEvents(runId, await gateway.text(`/v1/runs/${runId}/events`));
  }
}

function idOf(n) {
  return `run_${createHash('md5').update(`stored run ${n}`).digest('hex')}`;
}
