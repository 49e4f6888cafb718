import { standaloneDefaults } from './standalone.config.js';

describe('what npm start assumes', () => {
  it('is no authentication and a policy that allows everything, for trying things out', () => {
    expect(standaloneDefaults({})).toEqual({
      ARP_AUTH_PROFILE: 'dev-insecure',
      JARVIS_POLICY_PROFILE: 'dev-allow',
      LOG_LEVEL: 'warn',
    });
  });

  it.each(['JARVIS_POLICY_PATH', 'ARP_POLICY_PATH', 'JARVIS_PDP_URL'])(
    'is no policy where %s names one, since dev-allow would go before it',
    (name) => {
      expect(standaloneDefaults({ [name]: 'x' })).not.toHaveProperty('JARVIS_POLICY_PROFILE');
      expect(standaloneDefaults({ [name]: '' })).toHaveProperty('JARVIS_POLICY_PROFILE');
    },
  );
});
