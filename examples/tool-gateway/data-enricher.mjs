/** Reads a page and has it summarised. Seed: "Data Enricher". */
import { connectAgent } from './prepared-agent.mjs';

const gateway = await connectAgent('enricher');
try {
  const page = await gateway.proxy('http_fetch', 'get', { url: 'https://example.com' });
  const summary = await gateway.proxy('openai', 'chat', {
    messages: [{ role: 'user', content: `Summarize this content: ${page.data}` }],
  });
  console.log(summary.choices[0].message.content);
} finally {
  await gateway.close();
}
