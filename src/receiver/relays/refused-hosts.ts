/** Hosts that are refused to relays: told when it begins, changes and ends, and not at each cycle. */

import type { Clock } from '../../clock.ts';
import { cleanText } from '../../faults/errors.ts';
import { counted } from '../../names/counted.ts';
import type { Verdict } from '../../relay/message.ts';
import type { RelayIdentity } from './known-relays.ts';

interface Refused {
  /** Why, without numbers: ages and sizes differ each time. */
  readonly why: string;
  readonly times: number;
  /** The last time, by the monotonic clock. */
  readonly atMs: number;
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
/** A host that nobody has sent for so long begins anew. */
const forgottenMs = 3_600_000;
/** No name of a host is longer. */
const longestName = 255;

export class RefusedHosts {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #refused = new Map<string, Map<string, Refused>>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Takes what a relay is answered. */
  note(relay: Pick<RelayIdentity, 'id' | 'name'>, verdicts: readonly Verdict[]): Told {
    const nowMs = this.#clock.monotonic();
    const refused = this.#refused.get(relay.id) ?? new Map<string, Refused>();
    const begun: string[] = [];
    const ended: string[] = [];
    for (const verdict of perHost(verdicts)) {
      const known = refused.get(verdict.host);
      const before = known && nowMs - known.atMs < forgottenMs ? known : undefined;
      if (before !== known) refused.delete(verdict.host);
      if (verdict.status < 400) {
        if (refused.delete(verdict.host) && before) ended.push(describeEnd(verdict, before));
        continue;
      }
      const now = { why: toReason(verdict), times: (before?.times ?? 0) + 1, atMs: nowMs };
      if (before !== undefined || refused.size < mostRemembered) refused.set(verdict.host, now);
      if (before?.why !== now.why) begun.push(describeBegin(verdict, before));
    }
    if (refused.size > 0) this.#refused.set(relay.id, refused);
    else this.#refused.delete(relay.id);
    return { warning: toText(relay, begun), news: toText(relay, ended) };
  }
}

function toReason({ status, message = '' }: Verdict): string {
  return `${status} ${message}`.replace(/\d+(?:ms|[smhd])?/g, '');
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
