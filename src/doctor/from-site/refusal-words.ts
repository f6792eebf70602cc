/** Which cause a refusal is: by the reason of our receiver, or the words of Checkmk's. */

import type { CauseCode } from '../causes.ts';

/** Words of Checkmk's receiver and of the site behind it (agent-receiver.md#what-it-refuses). */
const byWords: readonly (readonly [words: RegExp, code: CauseCode])[] = [
  [/not a push host/i, 'push-not-allowed'],
  [/is monitored on the site|wrong site/i, 'register-wrong-site'],
  [/is a cluster host|cannot register cluster/i, 'register-cluster'],
  [
    /registration of new hosts( is)? not supp|does not support registration of new hosts/i,
    'register-edition',
  ],
  [/host is not registered|\bNotRegistered\b/i, 'push-unregistered'],
  [
    /does not match (?:CN|.*client certificate)|certificate is that of another UUID/i,
    'push-other-uuid',
  ],
  [/decompression of agent data failed|unsupported compression/i, 'push-refused'],
];

/** Undefined for what tells of no refusal. */
export function codeByWords(said: string): CauseCode | undefined {
  return byWords.find(([words]) => words.test(said))?.[1];
}

const byReason: Readonly<Record<string, CauseCode>> = {
  unauthenticated: 'push-unauthenticated',
  'no-certificate': 'push-unauthenticated',
  'bad-certificate': 'push-unauthenticated',
  'other-uuid': 'push-other-uuid',
  'not-registered': 'push-unregistered',
  forbidden: 'push-forbidden',
  'switched-off': 'register-edition',
  'too-many': 'push-not-taken',
};

/** @param reason as `/metrics` of our receiver names it */
export function codeByReason(reason: string, status: number): CauseCode {
  return byReason[reason] ?? (status >= 500 ? 'push-not-taken' : 'push-refused');
}
