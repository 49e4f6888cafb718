import { namedHosts } from './named-hosts.js';

const URL_SCHEMA = { type: 'object', properties: { url: { type: 'string', format: 'uri' } } };

describe('namedHosts', () => {
  it.each<[string, object, unknown, string[]]>([
    ['a URL', URL_SCHEMA, { url: 'https://Example.com/a' }, ['example.com']],
    ['its port', URL_SCHEMA, { url: 'https://example.com:8443/' }, ['example.com:8443']],
    ['an address', URL_SCHEMA, { url: 'http://[::1]:80/' }, ['[::1]']],
    ['another spelling of an address', URL_SCHEMA, { url: 'http://0x7f000001/' }, ['127.0.0.1']],
    ['user names that look like hosts', URL_SCHEMA, { url: 'https://good.example@evil.example/' }, ['evil.example']],
    ['what is no URL, as it is', URL_SCHEMA, { url: 'nothing' }, ['nothing']],
    ['no other texts', URL_SCHEMA, { text: 'https://example.com' }, []],
    [
      'recipients, whatever the schema',
      {},
      { to: 'a@One.example', cc: ['b@two.example'], bcc: 'c@three.example, d@four.example' },
      ['one.example', 'two.example', 'three.example', 'four.example'],
    ],
    [
      'a name that looks like an address',
      {},
      { to: '"x@good.example" <y@evil.example>' },
      ['good.example', 'evil.example'],
    ],
    ['a recipient without a host, as it is', {}, { to: 'nobody' }, ['nobody']],
    ['an e-mail by its format', { properties: { from: { format: 'email' } } }, { from: 'a@b.example' }, ['b.example']],
    [
      'items of arrays',
      { properties: { urls: { items: { format: 'uri' } } } },
      { urls: ['http://a.example', 'http://b.example'] },
      ['a.example', 'b.example'],
    ],
    [
      'the first items',
      { properties: { urls: { prefixItems: [{}, { format: 'uri' }] } } },
      { urls: ['http://a.example', 'http://b.example'] },
      ['b.example'],
    ],
    [
      'nested objects',
      { properties: { a: { properties: { b: { format: 'uri' } } } } },
      { a: { b: 'http://a.example' } },
      ['a.example'],
    ],
    [
      'any of several schemas',
      { properties: { u: { anyOf: [{ type: 'integer' }, { format: 'uri' }] } } },
      { u: 'http://a.example' },
      ['a.example'],
    ],
    [
      'a reference',
      { $defs: { u: { format: 'uri' } }, properties: { u: { $ref: '#/$defs/u' } } },
      { u: 'http://a.example' },
      ['a.example'],
    ],
    ['additional properties', { additionalProperties: { format: 'uri' } }, { u: 'http://a.example' }, ['a.example']],
    ['patterns of names', { patternProperties: { '^u': { format: 'uri' } } }, { u: 'http://a.example' }, ['a.example']],
  ])('finds %s', (_, schema, params, hosts) => {
    expect(namedHosts(schema as Record<string, unknown>, params)).toEqual(hosts);
  });

  it.each([
    'a@corp.example .evil.example',
    'a@corp.example\u2028.evil.example',
    'a@corp.example"".evil.example',
    "a@corp.example'.evil.example",
    'a@corp.example(x).evil.example',
    '"a@corp.example"<>.evil.example',
    'a@corp.example, b @ evil.example',
  ])('gives %j as it is too, as mailers may read another domain', (to) => {
    expect(namedHosts({}, { to })).toContain(to);
  });

  it.each([
    ['"Ann, of Corp" <a@corp.example>, b@b.example; c@c.example', ['corp.example', 'b.example', 'c.example']],
    ['"a@corp.example" <a@corp.example>', ['corp.example']],
  ])('finds the domains of %j', (to, hosts) => {
    expect(namedHosts({}, { to })).toEqual(hosts);
  });

  it('ends for schemas that refer to themselves', () => {
    const schema = { properties: { a: { $ref: '#' } }, anyOf: [{ $ref: '#' }] };
    expect(namedHosts(schema, { a: { a: {} } })).toEqual([]);
  });
});
