/** Beats of members as they lie in the bucket. */

import type { Beat } from './membership.ts';

const states: readonly Beat['state'][] = ['asking', 'joining', 'leaving'];

export function writeBeat(beat: Beat): string {
  return JSON.stringify(beat);
}

/** Undefined for what is none: anybody who may write there could have written it. */
export function readBeat(text: string): Beat | undefined {
  const read = parse(text);
  if (typeof read !== 'object' || read === null) return undefined;
  const [member, instance, given, networks] = ['member', 'instance', 'state', 'networks'].map(
    (name): unknown => Reflect.get(read, name),
  );
  const state = states.find((known) => known === given);
  if (typeof member !== 'string' || typeof instance !== 'string') return undefined;
  if (state === undefined || !Array.isArray(networks)) return undefined;
  return { member, instance, state, networks: networks.map(String) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
