import { CredentialMask } from './credential-mask.js';

const SECRET = 'c4n&ry /key+"1"';

function maskOf(...secrets: string[]): CredentialMask {
  const mask = new CredentialMask();
  for (const secret of secrets) mask.add(secret);
  return mask;
}

describe('a mask', () => {
  it.each([
    ['as it is', SECRET],
    ['in a query', new URLSearchParams({ k: SECRET }).toString().slice(2)],
    ['in a path', encodeURIComponent(SECRET)],
    ['in a URL of the standard', encodeURI(SECRET)],
    ['in JSON', JSON.stringify(SECRET).slice(1, -1)],
    ['in base64', Buffer.from(SECRET).toString('base64')],
    ['in JSON of PHP', JSON.stringify(SECRET).slice(1, -1).replace('/', '\\/')],
    ['in a path with small letters', encodeURIComponent(SECRET).toLowerCase()],
    ['in base64url', Buffer.from(SECRET).toString('base64url')],
  ])('hides a value %s', (_, written) => {
    expect(maskOf(SECRET).text(`before ${written} after ${written}`)).toBe('before [credential] after [credential]');
  });

  it.each(['', 'a', 'ab', 'abc'])('hides a value in base64 with %j before it and more behind', (before) => {
    const secret = 'hunter2hunter2';
    const written = Buffer.from(`${before}${secret}, and more`).toString('base64');
    const masked = maskOf(secret).text(written);
    expect(masked).toContain('[credential]');
    expect(Buffer.from(masked.replace('[credential]', ' '), 'base64').toString('latin1')).not.toMatch(/unte/);
  });

  it('hides a value without the end of the line that it was stored with', () => {
    expect(maskOf('hunter2\n').text('it is hunter2.')).toBe('it is [credential].');
  });

  it('hides what a cut left of a value at the end, and no ordinary end', () => {
    const mask = maskOf('sk-1234567890');
    expect(mask.text('the key is sk-12345')).toBe('the key is [credential]');
    expect(mask.text('the key is sk-12')).toBe('the key is sk-12');
    expect(mask.text('sk-123 and more')).toBe('sk-123 and more');
  });

  it('leaves short values and other text alone', () => {
    const mask = maskOf('abc', 'hunter2');
    expect(mask.text('abc and hunte')).toBe('abc and hunte');
    expect(mask.text('hunter2!')).toBe('[credential]!');
  });

  it('hides values in keys, texts and numbers of JSON', () => {
    const value = { list: ['a hunter2', 12345678, 1, null, true], hunter2: { deep: 'x' } };
    expect(maskOf('hunter2', '12345678').json(value)).toEqual({
      list: ['a [credential]', '[credential]', 1, null, true],
      '[credential]': { deep: 'x' },
    });
  });

  it('hides the texts within a credential that is JSON, but not its small words', () => {
    const mask = maskOf(JSON.stringify({ type: 'oauth', client: { refresh_token: '1//refresh' } }));
    expect(mask.text('of type oauth: 1//refresh')).toBe('of type oauth: [credential]');
  });

  it('hides values in bytes that are no text, and keeps the others', () => {
    const content = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('sehr gehéim'), Buffer.from([0x80])]);
    const masked = Buffer.from(maskOf('gehéim').bytes(content));
    expect(masked).toEqual(
      Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('sehr [credential]'), Buffer.from([0x80])]),
    );
    expect(maskOf('hunter2').bytes(content)).toBe(content);
  });

  it('forgets the oldest of very many', () => {
    const mask = maskOf(...Array.from({ length: 300 }, (_, index) => `value-${1_000 + index}`));
    expect(mask.text('value-1000 value-1299')).toBe('value-1000 [credential]');
  });
});
