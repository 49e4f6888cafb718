import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCredentials } from './credentials-file.js';

describe('the file of credentials', () => {
  const folder = mkdtempSync(join(tmpdir(), 'jarvis-credentials-'));
  const file = join(folder, 'credentials.json');
  afterAll(() => rmSync(folder, { recursive: true }));

  it('holds texts by name', () => {
    writeFileSync(file, '{"acme.weather":"s3cret"}');
    expect(readCredentials(file)).toEqual({ 'acme.weather': 's3cret' });
  });

  it.each(['{"acme.weather":"s3cret"', '["s3cret"]', '{"acme.weather":{"key":"s3cret"}}', 'null'])(
    'is refused as %s, without a word of what it holds',
    (text) => {
      writeFileSync(file, text);
      expect(() => readCredentials(file)).toThrow(/must be JSON with texts by name/);
      expect(() => readCredentials(file)).not.toThrow(/s3cret/);
    },
  );
});
