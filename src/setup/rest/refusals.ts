/** What the REST API answers in place of what was asked for, in sentences. */

import { CourierError, type FaultCode, quote } from '../../faults/errors.ts';
import type { RestAnswer } from './rest-api.ts';

/** What a request was for. */
export interface Asked {
  /** For the error, such as `making the rule`. */
  readonly doing: string;
  readonly user: string;
  readonly base: string;
}

/** The fault that an answer other than 2xx stands for. */
export function toRefusal(answer: RestAnswer, asked: Asked): CourierError {
  const [code, why] = explain(answer, asked);
  const said = describeSaid(answer);
  const more = said === '' ? '' : `; Checkmk says ${quote(said)}`;
  return new CourierError(code, `${asked.doing}: ${why}${more}`);
}

type Explanation = readonly [FaultCode, string];

function explain(answer: RestAnswer, { user, base }: Asked): Explanation {
  const { status, headers } = answer;
  const said = describeSaid(answer);
  if (status >= 300 && status < 400) {
    const to = headers.get('location') ?? 'nowhere';
    return ['USAGE', `${base} leads to ${quote(to)}; give the URL it is really at (--url)`];
  }
  // Versions word it differently; it is the only thing in a request that they call so.
  const isUnknown = (status === 400 || status === 404) && /\bruleset(_name)?\b/i.test(said);
  if (isUnknown) return ['REFUSED', unknownRuleSet];
  const isJson = (headers.get('content-type') ?? '').includes('json');
  if (status === 404 && !isJson) {
    return ['USAGE', `there is no REST API at ${base}; is the site right, and is it running?`];
  }
  const known = meanings[status];
  if (known !== undefined) return [known[0], known[1].replaceAll('USER', user)];
  return ['PEER', `the site answered ${status}`];
}

const unknownRuleSet =
  'this site has no such rule set: datasource programs are not in the hosted edition (--special-agent), the special agent only with the package (mkp enable cmk_courier)';

const meanings: Readonly<Record<number, Explanation>> = {
  400: ['PEER', 'the site does not take the request as it is'],
  401: [
    'REFUSED',
    'USER is not let in: the secret is wrong, or there is no automation user of that name',
  ],
  403: [
    'REFUSED',
    'USER may not do that: it takes the permissions wato.edit and wato.rulesets or wato.manage_hosts, and wato.all_folders for folders of others; to activate, wato.activate',
  ],
  404: ['PEER', 'it is not there, or not any more'],
  409: [
    'PEER',
    'changes of others wait as well, or the site is busy with some; nothing of theirs is forced',
  ],
  412: ['PEER', 'somebody has changed it in the meantime; do it again'],
  422: ['PEER', 'there is nothing to do, or it cannot be done'],
  423: ['PEER', 'somebody is at it: changes are being activated right now; do it again later'],
  428: ['PEER', 'the site wants to know which state is to be changed, and gave none to name'],
  503: ['UNREACHABLE', 'the site is stopped, or being started'],
};

/** Title, detail and fields of the answer, as far as they say anything. */
function describeSaid({ content, text }: RestAnswer): string {
  if (isRecord(content)) {
    const { title, detail, fields } = content;
    const named = isRecord(fields) ? flatten(fields).join(', ') : '';
    const parts = [title, detail, named].filter((part) => typeof part === 'string' && part !== '');
    return parts.join(': ');
  }
  // Only the beginning of a long answer is kept.
  const read = (key: string) => new RegExp(`"${key}":\\s*"((?:[^"\\\\]|\\\\.)*)"`).exec(text)?.[1];
  return [read('title'), read('detail')].filter((part) => part !== undefined).join(': ');
}

function flatten(fields: Readonly<Record<string, unknown>>, depth = 0): readonly string[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    if (isRecord(value) && depth < 5)
      return flatten(value, depth + 1).map((one) => `${name}.${one}`);
    const words = Array.isArray(value) ? value.map(String).join(' ') : String(value);
    return [`${name} ${words}`];
  });
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
