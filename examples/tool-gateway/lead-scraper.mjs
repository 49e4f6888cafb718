/** Searches for leads. Seed: "Lead Scraper". */
import { connectAgent } from './prepared-agent.mjs';

const gateway = await connectAgent('scraper');
try {
  const results = await gateway.proxy('serpapi', 'search', {
    q: 'site:linkedin.com "software engineer" "San Francisco"',
    engine: 'google',
    num: 10,
  });
  const leads = results.organic_results ?? [];
  console.log(`Found ${leads.length} leads`);
  for (const { title, link } of leads) console.log(`  ${title}  ${link}`);
} finally {
  await gateway.close();
}
