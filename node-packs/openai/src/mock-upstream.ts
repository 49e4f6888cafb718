import { createHash } from 'node:crypto';

/** When all answers were made. */
const CREATED = 1_767_225_600;

interface Asked {
  readonly model?: unknown;
  readonly messages?: readonly { readonly role?: unknown; readonly content?: unknown }[];
  readonly prompt?: unknown;
}

/**
 * OpenAI, imitated: answers that follow from the request. The API key may be anything but `invalid`. Special last messages or prompts:
 * - `mock:429`: too many requests, with Retry-After: 20
 * - `mock:quota`: 429 with the code insufficient_quota
 * - `mock:<status>` from 400 to 599: that status, with a sentence
 * - `mock:html`: an answer that is no JSON
 */
export async function mockUpstream(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (!['/v1/chat/completions', '/v1/completions'].includes(pathname)) {
    return refusal(404, `Invalid URL (${request.method} ${pathname})`);
  }
  if (request.method !== 'POST') return refusal(405, `Not allowed to ${request.method} on ${pathname}.`);
  const key = /^Bearer (.+)$/.exec(request.headers.get('authorization') ?? '')?.[1];
  if (key === undefined) return refusal(401, "You didn't provide an API key.");
  if (key === 'invalid') return refusal(401, `Incorrect API key provided: ${key}.`, 'invalid_api_key');
  const body = (await request.json()) as Asked;
  const question = pathname === '/v1/completions' ? body.prompt : body.messages?.at(-1)?.content;
  if (typeof question !== 'string' || typeof body.model !== 'string') {
    return refusal(400, 'Missing required parameter.', 'missing_required_parameter');
  }
  return specialAnswer(question) ?? Response.json(completion(pathname, body.model, question));
}

function specialAnswer(question: string): Response | undefined {
  const special = /^mock:(.+)$/.exec(question)?.[1];
  if (special === 'html') return new Response('<html>busy</html>', { headers: { 'content-type': 'text/html' } });
  if (special === 'quota') return refusal(429, 'You exceeded your current quota.', 'insufficient_quota');
  const status = Number(special);
  return status >= 400 && status <= 599 ? refusal(status, `The mock upstream answers ${status}.`) : undefined;
}

function refusal(status: number, message: string, code: string | null = null): Response {
  const headers: Record<string, string> = status === 429 && code === null ? { 'retry-after': '20' } : {};
  return Response.json({ error: { message, type: 'invalid_request_error', param: null, code } }, { status, headers });
}

function completion(pathname: string, model: string, question: string) {
  const hash = createHash('sha256').update(`${model}\n${question}`).digest('hex').slice(0, 24);
  const text = `Mock answer to: ${question.slice(0, 200)}`;
  const common = { created: CREATED, model, usage: usageOf(question, text) };
  const end = { index: 0, logprobs: null, finish_reason: 'stop' };
  return pathname === '/v1/completions'
    ? { id: `cmpl-mock-${hash}`, object: 'text_completion', ...common, choices: [{ ...end, text }] }
    : {
        id: `chatcmpl-mock-${hash}`,
        object: 'chat.completion',
        ...common,
        choices: [{ ...end, message: { role: 'assistant', content: text, refusal: null } }],
      };
}

/** Words stand for tokens. */
function usageOf(question: string, answer: string) {
  const [prompt_tokens, completion_tokens] = [question, answer].map((text) => text.split(/\s+/).length) as [
    number,
    number,
  ];
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
}
