import { AgentsRepository } from '../../apps/tool-gateway/src/agents/agents.repository.js';
import { CredentialsRepository } from '../../apps/tool-gateway/src/credentials/credentials.repository.js';
import { AgentTokensRepository } from '../../apps/tool-gateway/src/tokens/agent-tokens.repository.js';
import { SigningKeysRepository } from '../../apps/tool-gateway/src/tokens/signing-keys.repository.js';
import type { RepositorySamples } from './statements.js';

const AGENT = 'agent_sample';
const TOKEN = 'token_sample';
const KEY = 'key_sample';
const CREDENTIAL = 'credential_sample';
const OWNER = 'tenant:sample';
const AT = new Date('2026-01-31T12:00:00Z');
const FIRST_PAGE = { owner: null, olderThan: { createdAt: 'infinity', id: '' }, limit: 51 } as const;

const agents = new AgentsRepository();
const tokens = new AgentTokensRepository();
const signingKeys = new SigningKeysRepository();
const credentials = new CredentialsRepository();

/** Of agents, tokens, signing keys and credentials of the tool gateway. */
export const IDENTITY_REPOSITORIES: readonly RepositorySamples[] = [
  {
    path: 'apps/tool-gateway/src/agents/agents.repository.sql',
    repository: agents,
    samples: [
      [
        'insertAgent',
        (db) =>
          agents.insertAgent(db, {
            agent_id: AGENT,
            owner: OWNER,
            name: 'sample',
            role: 'scraper',
            created_by: null,
            status: 'active',
            created_at: AT,
            updated_at: AT,
          }),
      ],
      ['findAgent', (db) => agents.findAgent(db, AGENT)],
      ['findPage', (db) => agents.findPage(db, FIRST_PAGE)],
      ['updateAgent', (db) => agents.updateAgent(db, AGENT, { status: 'inactive', name: null, role: null, at: AT })],
      ['lockAgent', (db) => agents.lockAgent(db, AGENT)],
      [
        'insertKey',
        (db) =>
          agents.insertKey(db, { agent_id: AGENT, key_id: KEY, algorithm: 'EdDSA', public_jwk: {}, created_at: AT }),
      ],
      ['findKeys', (db) => agents.findKeys(db, [AGENT])],
      ['deleteKey', (db) => agents.deleteKey(db, AGENT, KEY)],
    ],
  },
  {
    path: 'apps/tool-gateway/src/tokens/agent-tokens.repository.sql',
    repository: tokens,
    samples: [
      [
        'insertToken',
        (db) =>
          tokens.insertToken(db, {
            token_id: TOKEN,
            agent_id: AGENT,
            token_hash: 'hash',
            tools: ['http_fetch'],
            permissions: ['read'],
            intent: null,
            dpop_jkt: null,
            issued_at: AT,
            expires_at: AT,
            revoked_at: null,
          }),
      ],
      ['findInUse', (db) => tokens.findInUse(db, TOKEN, AGENT)],
      ['findPage', (db) => tokens.findPage(db, { ...FIRST_PAGE, agentId: AGENT })],
      ['revoke', (db) => tokens.revoke(db, TOKEN, OWNER, AT)],
      ['useId', (db) => tokens.useId(db, { kind: 'assertion', id_hash: 'hash', expires_at: AT })],
      ['deleteTokens', (db) => tokens.deleteTokens(db, AT, 1_000)],
      ['deleteUsedIds', (db) => tokens.deleteUsedIds(db, AT, 1_000)],
    ],
  },
  {
    path: 'apps/tool-gateway/src/tokens/signing-keys.repository.sql',
    repository: signingKeys,
    samples: [
      ['lock', (db) => signingKeys.lock(db)],
      ['findAll', (db) => signingKeys.findAll(db)],
      ['findCurrent', (db) => signingKeys.findCurrent(db)],
      [
        'insert',
        (db) =>
          signingKeys.insert(db, {
            key_id: KEY,
            public_jwk: {},
            private_key: 'v1.k1..',
            created_at: AT,
            retired_at: null,
          }),
      ],
      ['retireAll', (db) => signingKeys.retireAll(db, AT)],
      ['findSealedOtherwise', (db) => signingKeys.findSealedOtherwise(db, 'k1')],
      ['replaceSealed', (db) => signingKeys.replaceSealed(db, KEY, 'v1.k1..', 'v1.k2..')],
      ['deleteRetired', (db) => signingKeys.deleteRetired(db, AT)],
    ],
  },
  {
    path: 'apps/tool-gateway/src/credentials/credentials.repository.sql',
    repository: credentials,
    samples: [
      ['lock', (db) => credentials.lock(db, OWNER, 'serpapi')],
      ['nextVersion', (db) => credentials.nextVersion(db, OWNER, 'serpapi')],
      [
        'insert',
        (db) =>
          credentials.insert(db, {
            credential_id: CREDENTIAL,
            owner: OWNER,
            tool: 'serpapi',
            version: '1',
            sealed: 'v1.k1..',
            metadata: null,
            is_active: false,
            created_at: AT,
            activated_at: null,
          }),
      ],
      ['deactivate', (db) => credentials.deactivate(db, OWNER, 'serpapi')],
      ['activate', (db) => credentials.activate(db, CREDENTIAL, AT)],
      ['find', (db) => credentials.find(db, CREDENTIAL)],
      ['findActive', (db) => credentials.findActive(db, 'serpapi', [OWNER, ''])],
      ['findPage', (db) => credentials.findPage(db, { ...FIRST_PAGE, tool: 'serpapi' })],
      ['findConfigured', (db) => credentials.findConfigured(db, [OWNER, ''])],
      ['findSealedOtherwise', (db) => credentials.findSealedOtherwise(db, 'k1')],
      ['replaceSealed', (db) => credentials.replaceSealed(db, CREDENTIAL, 'v1.k1..', 'v1.k2..')],
      ['findAgentOwner', (db) => credentials.findAgentOwner(db, 'job_sample', AGENT)],
      ['delete', (db) => credentials.delete(db, CREDENTIAL, true)],
    ],
  },
];
