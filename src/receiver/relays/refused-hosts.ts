/** Hosts that are refused to relays: told when it begins, changes and ends, and not at each cycle. */

import { cleanText } from '../../faults/errors.ts';
import { counted } from '../../names/counted.ts';
import type { Verdict } from '../../relay/message.ts';
import type { RelayIdentity } from './known-relays.ts';

interface Refused {
  /** Why, without numbers: ages and sizes differ each time. */
  readonly why: string;
  readonly times: number;
}

/** What is new, for the log. */
interface Told {
  /** Undefined when nothing begins or changes. */
  readonly warning: string | undefined;
  /** Undefined when nothing ends. */
  readonly news: string | undefined;
}

/** Of one relay; what is beyond is told each time. A relay that names ever more takes nothing from others. */
const mostRemembered = 2000;
/** No name of a host is longer. */
const longestName = 255;

export class RefusedHosts {
  readonly #refused = new Map<string, Map<string, Refused>>();

  /** Takes what a relay is answered. */
  note(relay: Pick<RelayIdentity, 'id' | 'name'>, verdicts: readonly Verdict[]): Told {
    const refused = this.#refused.get(relay.id) ?? new Map<string, Refused>();
    const begun: string[] = [];
    const ended: string[] = [];
    for (const verdict of perHost(verdicts)) {
      const before = refused.get(verdict.host);
      if (verdict.status < 400) {
        if (refused.delete(verdict.host) && before) ended.push(describeEnd(verdict, before));
      } else if (isNew(verdict, before, refused)) begun.push(describeBegin(verdict, before));
    }
    if (refused.size > 0) this.#refused.set(relay.id, refused);
    else this.#refused.delete(relay.id);
    return { warning: toText(relay, begun), news: toText(relay, ended) };
  }
}

function isNew(
  { host, status, message = '' }: Verdict,
  before: Refused | undefined,
  refused: Map<string, Refused>,
): boolean {
  const why = `${status} ${message}`.replace(/\d+(?:ms|[smhd])?/g, '');
  const isSame = before?.why === why;
  const isKnown = before !== undefined || refused.size < mostRemembered;
  if (isKnown) refused.set(host, { why, times: (before?.times ?? 0) + 1 });
  return !isSame;
}

/** A host with output and a fault is refused when one of both is. */
function perHost(verdicts: readonly Verdict[]): Iterable<Verdict> {
  const found = new Map<string, Verdict>();
  for (const each of verdicts) {
    const verdict = { ...each, host: cleanText(each.host, longestName) };
    if ((found.get(verdict.host)?.status ?? 0) < 400) found.set(verdict.host, verdict);
  }
  return found.values();
}

function describeBegin({ host, status, message }: Verdict, before: Refused | undefined): string {
  const more = before === undefined ? '' : `; ${counted(before.times, 'refusal')} before it`;
  return `${host} refused with ${status}: ${message ?? ''}${more}`;
}

function describeEnd({ host }: Verdict, { times }: Refused): string {
  return `${host} is taken again, after ${counted(times, 'refusal')}`;
}

function toText({ name }: Pick<RelayIdentity, 'name'>, [first, ...others]: readonly string[]) {
  if (first === undefined) return undefined;
  const more = others.length === 0 ? '' : `; and ${others.length} more`;
  return `relay ${name}: ${first}${more}`;
}
