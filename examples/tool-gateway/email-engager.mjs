/** Sends a mail once, however often the call is repeated, and another one later, as a job. Seed: "Email Engager". */
import { generateIdempotencyKey } from '@arp-jarvis/client';
import { connectAgent } from './prepared-agent.mjs';

const gateway = await connectAgent('engager');
try {
  const mail = {
    to: 'prospect@company.com',
    subject: 'Partnership opportunity',
    body: 'Hi there, I think we could work together...',
    idempotency_key: generateIdempotencyKey(),
  };
  const first = await gateway.proxy('gmail_send', 'send', mail);
  const again = await gateway.proxy('gmail_send', 'send', mail);
  console.log(`Sent ${first.id}; asked again: ${again.id === first.id ? 'the same mail' : 'ANOTHER MAIL'}`);

  const { jobId } = await gateway.proxyAsync('gmail_send', 'send', {
    to: 'user@example.com',
    subject: 'Test email',
    body: 'Hello world!',
  });
  const job = await gateway.waitForJob(jobId);
  console.log(`Job ${job.status}: ${job.result?.id ?? job.error}`);
} finally {
  await gateway.close();
}
