import { createHash } from 'node:crypto';

/** Groups written at the same time, and most writes in one, as in the coordinator. */
const FLUSHERS = 2;
const MAX_GROUP = 128;
/** In this order a row exists before another refers to it, and every group locks its rows in the same order. */
const INSERTS = [
  'runs',
  'run_requests',
  'node_runs',
  'node_run_inputs',
  'node_run_results',
  'node_run_reports',
  'run_events',
  'ready',
  'leases',
];
const UPDATES = ['runs', 'node_runs'];
const DELETES = ['ready', 'leases'];
const KEYS = {
  runs: ['bucket', 'run_id'],
  node_runs: ['bucket', 'node_run_id'],
  ready: ['bucket', 'node_run_id'],
  leases: ['bucket', 'node_run_id'],
};
/** Rows are found by key: a plan made while the tables were empty must not scan them. */
const SESSION = ['seqscan', 'hashjoin', 'mergejoin', 'bitmapscan'].map((plan) => `-c enable_${plan}=off`).join(' ');

/** Plain SQL with group commit: what waits is written in one transaction, one statement per table, all sent at once. */
export class CeilingStore {
  #flushers;
  #types;
  #queue = [];
  #idle;
  #statements = new Map();

  static async open(postgres, database) {
    const config = { pipeline: true, options: SESSION };
    const flushers = await Promise.all(Array.from({ length: FLUSHERS }, () => postgres.connect(database, config)));
    const { rows } = await flushers[0].query(
      `select c.relname as table_name, a.attname as column_name, format_type(a.atttypid, a.atttypmod) as type
         from pg_attribute a join pg_class c on c.oid = a.attrelid
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped`,
    );
    return new CeilingStore(flushers, new Map(rows.map((row) => [`${row.table_name}.${row.column_name}`, row.type])));
  }

  constructor(flushers, types) {
    this.#flushers = flushers;
    this.#idle = [...flushers];
    this.#types = types;
  }

  /**
   * Resolves after the commit.
   *
   * @param {Partial<Record<'insert' | 'update' | 'delete', Record<string, object[]>>>} rows rows by table; an update sets what is
   *   not part of the key
   */
  write(rows) {
    return new Promise((settle, fail) => {
      this.#queue.push({ rows, settle, fail });
      if (this.#queue.length === 1) setImmediate(() => this.#flush());
    });
  }

  /** The one row of a query. */
  async read(text) {
    return (await this.#flushers[0].query(text)).rows[0];
  }

  async close() {
    for (const flusher of this.#flushers) await flusher.end();
  }

  #flush() {
    while (this.#queue.length > 0 && this.#idle.length > 0) {
      const flusher = this.#idle.pop();
      const group = this.#queue.splice(0, MAX_GROUP);
      void this.#commit(flusher, group).then(() => {
        this.#idle.push(flusher);
        this.#flush();
      });
    }
  }

  async #commit(flusher, group) {
    const answers = await Promise.allSettled([
      flusher.query('begin'),
      ...this.#statementsFor(group).map((statement) => flusher.query(statement)),
      flusher.query('commit'),
    ]);
    const failed = answers.find(({ status }) => status === 'rejected');
    for (const { settle, fail } of group) {
      if (failed === undefined) settle();
      else fail(failed.reason);
    }
  }

  #statementsFor(group) {
    const of = (kind, tables) =>
      tables.flatMap((table) => {
        const rows = group.flatMap((pending) => pending.rows[kind]?.[table] ?? []);
        return rows.length === 0 ? [] : [this.#statement(kind, table, rows)];
      });
    return [...of('insert', INSERTS), ...of('update', UPDATES), ...of('delete', DELETES)];
  }

  #statement(kind, table, rows) {
    const columns = Object.keys(rows[0]);
    const text = this.#textOf(kind, table, columns);
    return {
      name: createHash('sha256').update(text).digest('hex').slice(0, 32),
      text,
      values: columns.map((column) => rows.map((row) => encoded(row[column]))),
    };
  }

  #textOf(kind, table, columns) {
    const known = `${kind} ${table}`;
    if (!this.#statements.has(known)) this.#statements.set(known, this.#compose(kind, table, columns));
    return this.#statements.get(known);
  }

  /** A statement on arrays, one per column. */
  #compose(kind, table, columns) {
    const arrays = columns.map((column, index) => `$${index + 1}::${this.#types.get(`${table}.${column}`)}[]`);
    const given = `unnest(${arrays.join(', ')})`;
    if (kind === 'insert') return `insert into ${table} (${columns.join(', ')}) select * from ${given}`;
    const keys = KEYS[table];
    const found = keys.map((key) => `t.${key} = g.${key}`).join(' and ');
    const rows = `${given} as g (${columns.join(', ')})`;
    if (kind === 'delete') return `delete from ${table} t using ${rows} where ${found}`;
    const changes = columns.filter((column) => !keys.includes(column)).map((column) => `${column} = g.${column}`);
    return `update ${table} t set ${changes.join(', ')} from ${rows} where ${found}`;
  }
}

function encoded(value) {
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}
