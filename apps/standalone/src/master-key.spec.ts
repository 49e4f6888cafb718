import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keptMasterKey } from './master-key.js';

describe('the master key of npm start', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'master-key-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is made once, in a folder that may not be there yet, and stays the same', () => {
    const dataDir = join(folder, 'data');
    const key = keptMasterKey(dataDir);
    expect(Buffer.from(key.replace('local:', ''), 'base64')).toHaveLength(32);
    expect(keptMasterKey(dataDir)).toBe(key);
    expect(keptMasterKey(join(folder, 'other'))).not.toBe(key);
  });

  it('is for its user alone', () => {
    keptMasterKey(folder);
    expect(statSync(join(folder, 'tool-gateway.key')).mode & 0o777).toBe(0o600);
  });

  it('says what to do where it cannot be kept', () => {
    expect(() => keptMasterKey('/dev/null/data')).toThrow(/JARVIS_TOOL_ENCRYPTION_KEYS/);
  });
});
