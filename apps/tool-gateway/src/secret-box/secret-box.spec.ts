import fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import { StartupError } from '#http';
import { readMasterKeys } from './master-keys.js';
import { SecretBox, SecretBoxError } from './secret-box.js';

const keyText = (name: string, bytes = randomBytes(32)) => `${name}:${bytes.toString('base64')}`;
const OLD = keyText('old');
const NEW = keyText('new');
const box = new SecretBox(readMasterKeys(OLD));
const place = fc.record({ table: fc.string(), id: fc.string(), owner: fc.string() });

describe('a sealed value', () => {
  it('opens in its row and holds nothing of the secret', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), place, (secret, where) => {
        const sealed = box.seal(secret, where);
        expect(box.open(sealed, where)).toBe(secret);
        expect(box.seal(secret, where)).not.toBe(sealed);
        if (secret.length > 8) expect(sealed).not.toContain(secret);
      }),
    );
  });

  it('does not open with any byte changed', () => {
    const where = { table: 't', id: '1', owner: 'o' };
    fc.assert(
      fc.property(fc.string(), fc.nat(), fc.integer({ min: 1, max: 127 }), (secret, position, change) => {
        const bytes = Buffer.from(box.seal(secret, where), 'latin1');
        const at = position % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ change;
        expect(() => box.open(bytes.toString('latin1'), where)).toThrow(SecretBoxError);
      }),
      { numRuns: 500 },
    );
  });

  it('does not open in another row', () => {
    fc.assert(
      fc.property(fc.string(), place, place, (secret, where, other) => {
        fc.pre(JSON.stringify(where) !== JSON.stringify(other));
        expect(() => box.open(box.seal(secret, where), other)).toThrow(SecretBoxError);
        expect(() => box.rewrap(box.seal(secret, where), other)).toThrow(SecretBoxError);
      }),
    );
  });

  it.each(['table', 'id', 'owner'] as const)('does not open in a row with another %s alone', (field) => {
    fc.assert(
      fc.property(fc.string(), place, fc.string(), (secret, where, other) => {
        fc.pre(where[field] !== other);
        expect(() => box.open(box.seal(secret, where), { ...where, [field]: other })).toThrow(SecretBoxError);
      }),
    );
  });

  it('does not open with another key, of another name or of its own', () => {
    const where = { table: 'tool_credentials', id: '1', owner: 'o' };
    const sealed = box.seal('secret', where);
    expect(() => new SecretBox(readMasterKeys(keyText('old'))).open(sealed, where)).toThrow(
      'The secret of tool_credentials 1 is not what was sealed for this row under this master key.',
    );
    expect(() => new SecretBox(readMasterKeys(NEW)).open(sealed, where)).toThrow(
      'The secret of tool_credentials 1 is under the master key "old", which JARVIS_TOOL_ENCRYPTION_KEYS does not have.',
    );
  });

  it('is wrapped anew under the first key, and needs the old one no more', () => {
    fc.assert(
      fc.property(fc.string(), place, (secret, where) => {
        const both = new SecretBox(readMasterKeys(`${NEW},${OLD}`));
        const [again] = both.rewrapAll([{ place: where, sealed: box.seal(secret, where) }]);
        expect(again?.resealed.split('.')[1]).toBe('new');
        expect(new SecretBox(readMasterKeys(NEW)).open(again?.resealed ?? '', where)).toBe(secret);
        expect(() => box.open(again?.resealed ?? '', where)).toThrow(SecretBoxError);
      }),
    );
  });

  it('that does not open ends the start with the row and the way out', () => {
    const where = { table: 'tool_credentials', id: '1', owner: 'o' };
    const start = () => new SecretBox(readMasterKeys(NEW)).rewrapAll([{ place: where, sealed: box.seal('x', where) }]);
    expect(start).toThrow(StartupError);
    expect(start).toThrow('tool_credentials 1 is under the master key "old"');
    expect(start).toThrow('Add the key that it is under, or delete the row.');
  });
});

describe('master keys', () => {
  it('are several, the first seals', () => {
    const keys = readMasterKeys(` ${NEW} , ${OLD}`);
    expect(keys.first).toBe('new');
    expect([...keys.byName.keys()]).toEqual(['new', 'old']);
    expect(readMasterKeys(`k:${Buffer.alloc(32, 251).toString('base64url')}`).byName.get('k')?.symmetricKeySize).toBe(
      32,
    );
  });

  it.each([
    ['nothing', '', 'Entry 1'],
    ['no name', randomBytes(32).toString('base64'), 'Entry 1'],
    ['a name with a dot', keyText('a.b'), 'the name of 1 to 64 letters'],
    ['16 bytes', `${OLD},${keyText('k', randomBytes(16))}`, 'Entry 2'],
    ['no base64', 'k1:not base64 at all, really?', 'the base64 of 32 bytes'],
    ['a name twice', `${OLD},${keyText('old')}`, 'Names are used once'],
    ['an empty entry', `${OLD},`, 'Entry 2'],
  ])('with %s are refused, without showing them', (_name, text, says) => {
    expect(() => readMasterKeys(text)).toThrow(StartupError);
    try {
      readMasterKeys(text);
    } catch (error) {
      expect(String(error)).toContain(says);
      for (const material of text.split(/[,:]/).filter((part) => part.length > 12)) {
        expect(String(error)).not.toContain(material.trim());
      }
    }
  });
});
