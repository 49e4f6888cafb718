import { readSettings } from '#config';
import { authSettings } from './auth-settings.js';
import { resolveAuth } from './resolve-auth.js';
import { principalOf } from './token-principal.js';

const read = (claims: Record<string, unknown>, env: Record<string, string> = {}) =>
  principalOf(
    { sub: 'u1', ...claims },
    'the-token',
    resolveAuth(readSettings(authSettings, env), { audiences: ['me'], mode: 'required' }),
  );

describe('the principal of a token', () => {
  it('is its subject, tenant, client, permissions and issuer', () => {
    const claims = { tenant_id: 'acme', azp: 'arp-dev-cli', preferred_username: 'alice', sid: 's' };
    expect(read({ ...claims, realm_access: { roles: ['arp-viewer'] } })).toEqual({
      subject: 'u1',
      tenantId: 'acme',
      owner: 'tenant:acme',
      permissions: new Set(['run.read', 'node_run.read', 'artifact.read', 'approval.read', 'node_type.read']),
      roles: ['arp-viewer'],
      issuer: 'http://localhost:8080/realms/arp-dev',
      clientId: 'arp-dev-cli',
      isService: false,
      token: 'the-token',
    });
  });

  it('owns as itself where it has no tenant', () => {
    for (const claims of [{}, { tenant_id: null }]) {
      const principal = read(claims);
      expect(principal.owner).toBe('subject:u1');
      expect(principal).not.toHaveProperty('tenantId');
    }
  });

  it.each([
    ['org.id', { org: { id: 't' } }],
    ['https://example.com/tenant', { 'https://example.com/tenant': 't' }],
    ['org.id', { 'org.id': 't', org: { id: 'other' } }],
  ])('has the tenant that the claim %s names', (ARP_AUTH_TENANT_CLAIM, claims) => {
    expect(read(claims, { ARP_AUTH_TENANT_CLAIM }).owner).toBe('tenant:t');
  });

  it('finds no tenant in what every object has', () => {
    expect(read({}, { ARP_AUTH_TENANT_CLAIM: 'constructor.name' }).owner).toBe('subject:u1');
  });

  it.each([[''], [7], [['a', 'b']], [{}], [true], ['a\u0000b'], ['x'.repeat(256)]])(
    'is refused when its tenant is %j: it would own as somebody else',
    (tenant_id) => {
      expect(() => read({ tenant_id })).toThrow(expect.objectContaining({ name: 'TokenRefusedError' }));
    },
  );

  it.each([
    ['RFC 9068', { sub: 'c1', client_id: 'c1' }, true],
    ['Keycloak', { azp: 'c1', preferred_username: 'service-account-c1' }, true],
    ['a person', { azp: 'c1', preferred_username: 'alice', sid: 's' }, false],
    ['a person who is called like one', { azp: 'c1', preferred_username: 'service-account-c1', sid: 's' }, false],
    ['the service account of another client', { azp: 'c1', preferred_username: 'service-account-c2' }, false],
    ['nobody knows which client', { preferred_username: 'service-account-undefined' }, false],
  ])('is a service or not: %s', (_, claims, isService) => {
    expect(read(claims).isService).toBe(isService);
  });

  it('has the clients through which the request came, the first one first', () => {
    const act = { sub: 'gateway', act: { client_id: 'portal', sub: 'x', act: { azp: 'cli' } } };
    expect(read({ azp: 'gateway', act }).actors).toEqual(['cli', 'portal']);
    expect(read({ azp: 'other', act }).actors).toEqual(['cli', 'portal', 'gateway']);
    for (const none of [undefined, 'text', {}, { sub: 7 }]) expect(read({ act: none })).not.toHaveProperty('actors');
  });

  it('looks at a bounded number of actors', () => {
    let act: object = { sub: 'a' };
    for (let depth = 0; depth < 100; depth += 1) act = { sub: 'a', act };
    expect(read({ act }).actors).toHaveLength(10);
  });
});
