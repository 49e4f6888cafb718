import { membersOf, textOf } from '../transport/answer-body.js';
import type { Answer } from '../transport/transport.js';
import { malformedAnswer } from './arp-errors.js';
import type { Page } from './records.js';

/** The page of an answer whose items are its member `name`. */
export function pageOf<T>(answer: Answer, name: string): Page<T> {
  const items = membersOf(answer.body)[name];
  if (!Array.isArray(items)) throw malformedAnswer(answer, name);
  const next = textOf(membersOf(membersOf(answer.body)['pagination'])['next_page_token']);
  return { items: items as T[], ...(next === undefined ? {} : { nextPageToken: next }) };
}

/** Every item of every page; the next page is asked for when the one before has been read. */
export async function* itemsOf<T>(read: (pageToken: string | undefined) => Promise<Page<T>>): AsyncGenerator<T, void> {
  let token: string | undefined;
  do {
    const page = await read(token);
    yield* page.items;
    token = page.nextPageToken;
  } while (token !== undefined);
}
