/**
 * The same work as runs of the suite: the tools are node types, and policy has a person approve what cannot be undone.
 *
 *   UPSTREAM_MODE=mock JARVIS_POLICY_PATH=examples/tool-gateway/approve-mails.json npm start -- --no-demo
 *   node examples/tool-gateway/arp-run.mjs
 */
import { ArpClient } from '@arp-jarvis/client';

const arp = new ArpClient({
  baseUrl: process.env.ARP_URL ?? 'http://127.0.0.1:8080',
  atomicExecutorUrl: process.env.ARP_EXECUTOR_URL ?? 'http://127.0.0.1:8082',
});

const versions = new Map((await arp.nodeTypes.list()).map(({ node_type_id, version }) => [node_type_id, version]));

/** Starts a run of one node and shows its events; `onApproval` is asked when it waits for one. */
async function run(nodeTypeId, input, onApproval) {
  const root_node_type_ref = { node_type_id: nodeTypeId, version: versions.get(nodeTypeId) };
  const { run_id } = await arp.runs.start({ root_node_type_ref, input });
  console.log(`${nodeTypeId} (${run_id})`);
  for await (const { seq, type, data } of arp.runs.events(run_id, { follow: true })) {
    console.log(`  ${seq}  ${type}  ${data?.decision ?? data?.state ?? ''}`);
    if (data?.decision === 'require_approval') await onApproval?.(run_id);
  }
  for await (const { state, outputs } of arp.runs.nodeRuns(run_id)) {
    // The first is the root.
    if (state === 'succeeded') return outputs;
    throw new Error(`${nodeTypeId} ended as ${state}`);
  }
}

/** Without authentication anybody may decide; with it, somebody else than who started the run, with the permission approval.decide. */
async function approve(runId) {
  for await (const approval of arp.approvals.list({ run_id: runId, state: 'pending' })) {
    await arp.approvals.approve(approval.approval_id, { comment: 'The example approves its own mail.' });
    console.log(`  approved ${approval.approval_id}`);
  }
}

const found = await run('jarvis.serpapi.search', { q: 'openai canada', engine: 'google' });
const page = await run('jarvis.http_fetch.get', { url: 'https://example.com' });
const summary = await run('jarvis.openai.chat', {
  messages: [{ role: 'user', content: `Summarize this content: ${page.data}` }],
});
const sent = await run(
  'jarvis.gmail_send.send',
  {
    to: 'prospect@company.com',
    subject: `About ${found.organic_results?.[0]?.title ?? 'you'}`.slice(0, 200),
    body: summary.choices[0].message.content,
  },
  approve,
);
console.log(`Sent ${sent.id}`);
await arp.close();
