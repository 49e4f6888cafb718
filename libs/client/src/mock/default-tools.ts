import { membersOf, textOf } from '../transport/answer-body.js';

/** Answers in the place of a tool. What it throws is an upstream error. */
export type MockTool = (params: Readonly<Record<string, unknown>>) => unknown;

/** Plausible answers of the four tools of the gateway, in the shape of the real ones. */
export const DEFAULT_TOOLS: Readonly<Record<string, MockTool>> = {
  'serpapi:search': (params) => {
    const query = textOf(params['q']) ?? textOf(params['query']) ?? '';
    const count = typeof params['num'] === 'number' ? Math.min(Math.max(params['num'], 1), 10) : 3;
    return {
      search_metadata: { status: 'Success' },
      search_parameters: { q: query, engine: textOf(params['engine']) ?? 'google' },
      organic_results: Array.from({ length: count }, (_, index) => ({
        position: index + 1,
        title: `Result ${index + 1} for ${query}`,
        link: `https://example.com/${index + 1}`,
        snippet: `What page ${index + 1} says about ${query}.`,
      })),
    };
  },
  'http_fetch:get': ({ url }) => {
    const data = `<html><title>Example</title><p>The page of ${String(url)}.</p></html>`;
    return { ...page(url), data, bytes: new TextEncoder().encode(data).length };
  },
  'http_fetch:head': ({ url }) => page(url),
  'openai:chat': ({ model, messages }) => {
    const last = membersOf(Array.isArray(messages) ? (messages as unknown[]).at(-1) : undefined)['content'];
    return {
      id: 'chatcmpl-mock',
      object: 'chat.completion',
      model: textOf(model) ?? 'mock-model',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: `About: ${String(last ?? '').slice(0, 80)}` },
          finish_reason: 'stop',
        },
      ],
      usage: { prompt_tokens: 10, completion_tokens: 10, total_tokens: 20 },
    };
  },
  'openai:complete': ({ model, prompt }) => ({
    id: 'cmpl-mock',
    object: 'text_completion',
    model: textOf(model) ?? 'mock-model',
    choices: [{ index: 0, text: `About: ${String(prompt ?? '').slice(0, 80)}`, finish_reason: 'stop' }],
  }),
  'gmail_send:send': () => {
    const id = `mock-${crypto.randomUUID()}`;
    return { id, thread_id: id, label_ids: ['SENT'] };
  },
  'gmail_send:profile': () => ({ email_address: 'agent@example.com', messages_total: 1, threads_total: 1 }),
};

function page(url: unknown): object {
  return { status: 200, status_text: 'OK', headers: { 'content-type': 'text/html; charset=utf-8' }, url };
}
