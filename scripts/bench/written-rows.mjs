/**
 * Rows that were inserted, updated and deleted in a database per run in it, as PostgreSQL counted them. Its sessions report when
 * they end, so nobody else may be connected any more.
 *
 * @returns {Promise<{ inserted: number, updated: number, deleted: number }>}
 */
export async function rowsWrittenPerRun(postgres, database) {
  const client = await postgres.connect(database);
  const { rows } = await client.query(
    `select sum(n_tup_ins) as inserted, sum(n_tup_upd) as updated, sum(n_tup_del) as deleted, (select count(*) from runs) as runs
       from pg_stat_user_tables
      where relname not in ('schema_migrations', 'coordinators')`,
  );
  await client.end();
  const { runs, ...written } = rows[0];
  return Object.fromEntries(Object.entries(written).map(([name, count]) => [name, Number(count) / Number(runs)]));
}
