import { isMockUrl } from '../transport/service-url.js';
import { membersOf, textOf } from '../transport/answer-body.js';
import type { Transport } from '../transport/transport.js';
import { generateAgentKey, readAgentKey, signAssertion } from './agent-key.js';
import type { AgentSigner, DpopKey } from './agent-key.js';
import { mintedToken } from './agent-tokens.js';
import type { MintedToken, TokenOptions } from './agent-tokens.js';
import { malformedAnswer } from './gateway-errors.js';
import type { ToolGatewayClientOptions } from './tool-gateway-options.js';

/** What the client asks the gateway for when nothing else is said. */
const DEFAULT_TTL_MINUTES = 15;

/** Asks the gateway for tokens, with an assertion that the agent's key signs. */
export class TokenMinting {
  private signer: Promise<AgentSigner> | undefined;

  constructor(
    private readonly transport: Transport,
    private readonly baseUrl: string,
    private readonly options: ToolGatewayClientOptions,
    private readonly dpop: DpopKey | undefined,
  ) {}

  async mint({ tools, permissions, ttlMinutes = DEFAULT_TTL_MINUTES, intent }: TokenOptions): Promise<MintedToken> {
    const { agentId, legacyMinting = false, audience = 'arp-tool-gateway', timeoutMs = 6000 } = this.options;
    const signer = legacyMinting ? undefined : await (this.signer ??= this.readKey());
    const jkt = await this.dpop?.thumbprint();
    const request = {
      agent_id: agentId,
      tools,
      permissions,
      ...(intent === undefined ? {} : { intent }),
      ...(jkt === undefined ? {} : { dpop_jkt: jkt }),
    };
    const answer = await this.transport.send({
      method: 'POST',
      url: `${this.baseUrl}/api/generate-token`,
      prepare: async () => ({
        headers: {},
        body: JSON.stringify(
          signer === undefined
            ? { ...request, expires_at: new Date(Date.now() + ttlMinutes * 60_000).toISOString() }
            : {
                ...request,
                ttl_minutes: ttlMinutes,
                assertion: await signAssertion(signer, { agentId, audience, tools, permissions, intent, dpopJkt: jkt }),
              },
        ),
      }),
      // A token too many harms nobody, and each attempt has an assertion of its own.
      repeatable: true,
      timeoutMs,
      about: { params: { tools, permissions } },
    });
    const body = membersOf(answer.body);
    const token = textOf(body['agent_token']);
    if (token === undefined) throw malformedAnswer(answer, 'an agent_token');
    return mintedToken(token, textOf(body['expires_at']));
  }

  private async readKey(): Promise<AgentSigner> {
    try {
      return await readAgentKey(this.options.agentPrivateKey);
    } catch (error) {
      // A unit test has no key worth the name, and an answer from memory needs none.
      if (isMockUrl(this.baseUrl)) return readAgentKey((await generateAgentKey()).privateKeyPem);
      throw error;
    }
  }
}
