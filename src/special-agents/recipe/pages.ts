/** How the next page of an answer is found. */

import { CourierError } from '../../faults/errors.ts';
import type { WebRequest } from './http-kind.ts';
import type { HttpStep } from './schema.ts';
import type { Reply } from './step.ts';
import { toList } from './to-list.ts';

/** Asks an expression of the page that has just come. */
type AskPage = (expression: string) => Promise<unknown>;

/** The same request at the place a link names. */
type Follow = (link: string) => WebRequest;

export interface Pager {
  first(request: WebRequest): WebRequest;
  /**
   * The request for the next page; undefined behind the last one.
   *
   * @throws CourierError TOO_LARGE for too many pages; PEER for pages that go round
   */
  next(
    reply: Reply,
    ask: AskPage,
    request: WebRequest,
    follow: Follow,
  ): Promise<WebRequest | undefined>;
}

/** How often a page without records may say that it is to be asked again. */
const mostWaits = 5;

export function toPager({ pages, records }: HttpStep, mostPages: number): Pager {
  const seen = new Set<string>();
  let count = 0;
  let waits = 0;
  const countRecords = async (ask: AskPage) =>
    toList(await ask(pages?.records ?? records ?? '$')).length;
  /** A page that was not ready in time says so by a link to itself, as ONTAP does. */
  const isToWait = async (request: WebRequest, { place }: WebRequest, ask: AskPage) => {
    if (place.url.href !== request.place.url.href || (await countRecords(ask)) > 0) return false;
    waits += 1;
    return waits <= mostWaits;
  };
  const admit = (request: WebRequest | undefined): WebRequest | undefined => {
    if (request === undefined) return undefined;
    count += 1;
    if (count >= mostPages) {
      throw new CourierError('TOO_LARGE', `more than the allowed ${mostPages} pages (limit pages)`);
    }
    const { href } = request.place.url;
    if (seen.has(href)) throw new CourierError('PEER', 'a page leads back to one before it');
    seen.add(href);
    return request;
  };
  const offset = pages?.offset;
  return {
    first(request) {
      const first = offset === undefined ? request : withOffset(request, offset, 0);
      seen.add(first.place.url.href);
      return first;
    },
    async next(reply, ask, request, follow) {
      if (pages?.next !== undefined) {
        const link = await ask(pages.next);
        if (typeof link !== 'string' || link === '') return undefined;
        const next = follow(link);
        if (await isToWait(request, next, ask)) return next;
        waits = 0;
        return admit(next);
      }
      if (pages?.link === true) {
        const link = findNextLink(reply.headers?.['link'] ?? '');
        return admit(link === undefined ? undefined : follow(link));
      }
      if (pages?.cursor !== undefined) {
        const cursor = await ask(pages.cursor.from);
        const isLast = cursor === undefined || cursor === null || cursor === '';
        return admit(
          isLast ? undefined : withQuery(request, pages.cursor.parameter, String(cursor)),
        );
      }
      if (offset === undefined) return undefined;
      const found = await countRecords(ask);
      if (found < offset.limit) return undefined;
      return admit(withOffset(request, offset, (count + 1) * offset.limit));
    },
  };
}

type Offset = NonNullable<NonNullable<HttpStep['pages']>['offset']>;

function withOffset(
  request: WebRequest,
  { parameter, limit, limitParameter }: Offset,
  at: number,
): WebRequest {
  const moved = withQuery(request, parameter, String(at));
  return limitParameter === undefined ? moved : withQuery(moved, limitParameter, String(limit));
}

function withQuery(request: WebRequest, name: string, value: string): WebRequest {
  const url = new URL(request.place.url);
  url.searchParams.set(name, value);
  return { ...request, place: { ...request.place, url } };
}

/** RFC 8288 3: `<https://…?page=2>; rel="next", …`. */
function findNextLink(header: string): string | undefined {
  for (const [, link, parameters = ''] of header.matchAll(/<([^>]*)>([^<]*)/g)) {
    if (/;\s*rel\s*=\s*"?(?:[^";,]*\s)?next[\s";,]?/i.test(`${parameters} `)) return link;
  }
  return undefined;
}
