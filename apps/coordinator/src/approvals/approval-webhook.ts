import { Agent, request } from 'undici';
import { SettingsError } from '#config';
import type { Approval } from '#contract';
import { presentApproval } from './present-approval.js';
import type { ApprovalNotice } from './approval-notices.repository.js';
import { signedHeaders, webhookKey } from './webhook-signature.js';

/** Injection token of ApprovalWebhook, or undefined where nobody is told. */
export const APPROVAL_WEBHOOK = Symbol('approval webhook');

/** What the webhook is sent: https://www.standardwebhooks.com. */
export interface ApprovalEvent {
  /** As the header `webhook-id`: the same whenever this is sent. */
  readonly id: string;
  readonly type: `approval.${ApprovalNotice['type']}`;
  /** When it happened. */
  readonly timestamp: string;
  /** The approval as it was then. */
  readonly data: Approval;
}

interface WebhookSettings {
  readonly JARVIS_APPROVAL_WEBHOOK_URL: string | undefined;
  readonly JARVIS_APPROVAL_WEBHOOK_SECRET: string | undefined;
  readonly JARVIS_APPROVAL_WEBHOOK_TIMEOUT_MS: number;
}

/**
 * The webhook that the settings name; undefined without one.
 *
 * @throws SettingsError when there is a URL without a secret, or a secret without a URL
 */
export function approvalWebhookOf(settings: WebhookSettings): ApprovalWebhook | undefined {
  const { JARVIS_APPROVAL_WEBHOOK_URL: url, JARVIS_APPROVAL_WEBHOOK_SECRET: secret } = settings;
  if (url === undefined && secret === undefined) return undefined;
  if (secret === undefined) {
    throw new SettingsError(['JARVIS_APPROVAL_WEBHOOK_SECRET: JARVIS_APPROVAL_WEBHOOK_URL needs it']);
  }
  if (url === undefined) {
    throw new SettingsError(['JARVIS_APPROVAL_WEBHOOK_URL: JARVIS_APPROVAL_WEBHOOK_SECRET needs it']);
  }
  return new ApprovalWebhook(url, webhookKey(secret), settings.JARVIS_APPROVAL_WEBHOOK_TIMEOUT_MS);
}

/** An outside system that hears of approvals. */
export class ApprovalWebhook {
  private readonly agent = new Agent();

  constructor(
    private readonly url: string,
    private readonly key: Buffer,
    readonly timeoutMs: number,
  ) {}

  /**
   * Sends an event once. Redirects are not followed.
   *
   * @throws Error when the answer is not 2xx, or there is none in time; its message does not name the URL, which may hold a secret
   */
  async send(event: ApprovalEvent, stopping: AbortSignal): Promise<void> {
    const body = JSON.stringify(event);
    const { statusCode, body: answer } = await request(this.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...signedHeaders(this.key, event.id, new Date(), body) },
      body,
      dispatcher: this.agent,
      signal: AbortSignal.any([stopping, AbortSignal.timeout(this.timeoutMs)]),
    });
    // What it says does not matter; the status does.
    answer.on('error', () => undefined).destroy();
    if (statusCode < 200 || statusCode > 299) throw new Error(`it answered ${statusCode}`);
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }
}

/** What is told of a notice. An approval changes once, so what it was when it was asked for is known from what it is now. */
export function approvalEvent(notice: ApprovalNotice): ApprovalEvent {
  const { type, occurred_at, approval_id } = notice;
  const then =
    type === 'requested'
      ? { ...notice, state: 'pending' as const, decided_by: null, decided_at: null, comment: null }
      : notice;
  return {
    id: `${approval_id}_${type}`,
    type: `approval.${type}`,
    timestamp: occurred_at.toISOString(),
    data: presentApproval(then),
  };
}
