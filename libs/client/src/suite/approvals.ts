import type { ArpRequestOptions, Connection } from './connection.js';
import { itemsOf, pageOf } from './pages.js';
import type { Approval, ApprovalFilter, Page } from './records.js';

/** Options of a decision. */
export interface DecisionOptions extends ArpRequestOptions {
  /** At most 2,000 characters; everybody who reads the events of the run reads it. */
  readonly comment?: string;
}

/** What waits for a person. */
export class Approvals {
  constructor(private readonly connection: Connection) {}

  /** Every approval that matches, newest first, page by page as it is read. */
  list(filter: ApprovalFilter = {}, options: ArpRequestOptions = {}): AsyncGenerator<Approval, void> {
    return itemsOf((pageToken) => this.listPage({ ...filter, pageToken }, options));
  }

  /** One page of approvals, newest first. */
  async listPage(
    filter: ApprovalFilter & { readonly pageToken?: string | undefined } = {},
    options: ArpRequestOptions = {},
  ): Promise<Page<Approval>> {
    const { pageToken, ...query } = filter;
    const sent = { ...query, page_token: pageToken };
    const answer = await this.connection.send({ ...options, method: 'GET', path: '/v1/approvals', query: sent });
    return pageOf<Approval>(answer, 'approvals');
  }

  async get(approvalId: string, options: ArpRequestOptions = {}): Promise<Approval> {
    return (await this.connection.send({ ...options, method: 'GET', path: pathOf(approvalId) })).body as Approval;
  }

  /** What waits goes on. The same decision again by the same person is no error. */
  approve(approvalId: string, options: DecisionOptions = {}): Promise<Approval> {
    return this.decide(approvalId, 'approve', options);
  }

  /** What waits fails. */
  deny(approvalId: string, options: DecisionOptions = {}): Promise<Approval> {
    return this.decide(approvalId, 'deny', options);
  }

  private async decide(id: string, decision: 'approve' | 'deny', options: DecisionOptions): Promise<Approval> {
    const { comment, ...rest } = options;
    const body = comment === undefined ? {} : { comment };
    const path = `${pathOf(id)}:${decision}`;
    return (await this.connection.send({ ...rest, method: 'POST', path, body })).body as Approval;
  }
}

function pathOf(approvalId: string): string {
  return `/v1/approvals/${encodeURIComponent(approvalId)}`;
}
