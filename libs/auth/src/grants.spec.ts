import { PERMISSIONS } from '#contract';
import { DEFAULT_GRANTS, permissionsOf, readGrants, rolesOf } from './grants.js';

const given = (names: string[], text?: string) => [...permissionsOf(names, readGrants(text).grants)].sort();

describe('grants', () => {
  it('are those of the roles of the suite by default', () => {
    expect(given(['arp-user'])).toEqual(
      [
        'approval.read',
        'artifact.read',
        'node_run.read',
        'node_type.read',
        'run.cancel',
        'run.read',
        'run.start',
      ].sort(),
    );
    expect(given(['arp-viewer'])).not.toContain('run.start');
    expect(given(['arp-operator'])).toContain('tenant.all');
    expect(given(['arp-admin'])).toEqual([...PERMISSIONS].sort());
    expect(given(['arp-coordinator'])).toEqual([
      'node_pack.read',
      'node_run.execute',
      'node_type.read',
      'policy.decide',
    ]);
    expect(given(['arp-executor'])).toEqual(['credential.use']);
    expect(given(['authenticated', 'anonymous', 'somebody', '__proto__', 'constructor'])).toEqual([]);
  });

  it('only an administrator may create and report without an assignment', () => {
    for (const permission of ['node_run.create', 'node_run.report'] as const) {
      const roles = [...DEFAULT_GRANTS].filter(([, permissions]) => permissions.has(permission));
      expect(roles.map(([role]) => role)).toEqual(['arp-admin']);
    }
  });

  it('replace those of the roles that ARP_AUTH_GRANTS names', () => {
    const text = ' arp-user = run.read, run.start ; auditor=*;arp-viewer=;';
    expect(given(['arp-user'], text)).toEqual(['run.read', 'run.start']);
    expect(given(['auditor'], text)).toEqual([...PERMISSIONS].sort());
    expect(given(['arp-viewer'], text)).toEqual([]);
    expect(given(['arp-operator'], text)).toContain('run.cancel');
  });

  it('follow from a name that is a permission, unless it is given otherwise', () => {
    expect(given(['run.read'])).toEqual(['run.read']);
    expect(given(['run.read'], 'run.read=')).toEqual([]);
  });

  it('that cannot be read are all named', () => {
    const { problems } = readGrants('a=run.fly run.read;=run.read;nothing;a=run.read;two words=run.read');
    expect(problems).toEqual([
      expect.stringMatching(/^gives a what is no permission: run\.fly; there are run\.start, /),
      '"=run.read" must be a role, = and its permissions, such as arp-user=run.start run.read',
      expect.stringContaining('"nothing" must be'),
      'names the role a twice',
      expect.stringContaining('"two words=run.read" must be'),
    ]);
  });
});

describe('the roles of a token', () => {
  const roles = (claims: Record<string, unknown>) => rolesOf(claims, ['me', 'also-me']);

  it.each([
    ['realm roles', { realm_access: { roles: ['a', 'b'] } }, ['a', 'b']],
    ['client roles of our audiences only', { resource_access: { me: { roles: ['a'] }, you: { roles: ['b'] } } }, ['a']],
    ['client roles of another name of ours', { resource_access: { 'also-me': { roles: ['c'] } } }, ['c']],
    ['app roles', { roles: ['a'] }, ['a']],
    ['scope', { scope: 'openid  run.read' }, ['openid', 'run.read']],
    ['scp as a text', { scp: 'a b' }, ['a', 'b']],
    ['scp as a list', { scp: ['a', 'b'] }, ['a', 'b']],
    ['nothing of what has another form', { realm_access: ['x'], roles: 'arp-admin', scope: 7, scp: { a: 1 } }, []],
    ['nothing that is no text', { realm_access: { roles: [1, null, 'a'] }, resource_access: null }, ['a']],
    ['nothing at all', {}, []],
  ])('%s', (_, claims, expected) => {
    expect(roles(claims)).toEqual(expected);
  });

  it('takes no client role from what every object has', () => {
    expect(rolesOf({ resource_access: {} }, ['constructor', '__proto__'])).toEqual([]);
  });
});
