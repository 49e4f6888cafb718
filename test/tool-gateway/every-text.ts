import type { TestDatabase } from '#testing';

/** Every row of every table as text. */
export async function everyText(home: TestDatabase): Promise<string> {
  const tables = await home.query<{ name: string }>(
    `select quote_ident(table_name) as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
  );
  expect(tables.length).toBeGreaterThan(13);
  const texts: string[] = [];
  for (const { name } of tables) {
    for (const { row } of await home.query<{ row: string }>(`select t::text as row from ${name} t`)) texts.push(row);
  }
  return texts.join('\n');
}
