/** Beats of members as they lie in the bucket. */

import type { Beat } from './membership.ts';
import { readShares } from './shares.ts';

const states: readonly Beat['state'][] = ['asking', 'joining', 'leaving'];

/** What a name may be: anything that machines are called, and nothing that spoils a terminal. */
const namePattern = /^[^\p{C}\p{Z}]{1,255}$/u;
const mostNetworks = 256;
const longestBeat = 100_000;

export function writeBeat(beat: Beat): string {
  return JSON.stringify(beat);
}

/** Undefined for what is none: anybody who may write there could have written it. */
export function readBeat(text: string): Beat | undefined {
  const read = text.length > longestBeat ? undefined : parse(text);
  if (typeof read !== 'object' || read === null) return undefined;
  const [member, instance, given, networks] = ['member', 'instance', 'state', 'networks'].map(
    (name): unknown => Reflect.get(read, name),
  );
  const state = states.find((known) => known === given);
  if (!isName(member) || !isName(instance) || state === undefined) return undefined;
  if (!Array.isArray(networks) || networks.length > mostNetworks) return undefined;
  if (!networks.every(isName)) return undefined;
  const shares = readShares(Reflect.get(read, 'shares'));
  return { member, instance, state, networks, ...(shares && { shares }) };
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && namePattern.test(value);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
