/** What somebody who mistyped a word may have meant. */

import { quote } from '../faults/errors.ts';

/** What to say of a word that is not known: the one that may be meant, else all there are. */
export function suggest(word: string, known: readonly string[]): string {
  const nearest = findNearest(word, known);
  if (nearest !== undefined) return `is ${nearest} meant?`;
  return listKnown(known);
}

/** What to say of a command that is not followed by one of its verbs. */
export function describeVerb(verb: string | undefined, known: readonly string[]): string {
  if (verb === undefined) return `a verb is missing; ${listKnown(known)}`;
  return `no verb ${quote(verb)}; ${suggest(verb, known)}`;
}

function listKnown(known: readonly string[]): string {
  return `there ${known.length === 1 ? 'is' : 'are'} ${known.join(', ')}`;
}

/** The known word that differs least, if that is little for a word of its length. */
export function findNearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known.map((candidate) => [distance(word, candidate), candidate] as const);
  const [[least, nearest] = [Number.POSITIVE_INFINITY, '']] = ranked.sort(([a], [b]) => a - b);
  const allowed = Math.min(3, Math.max(1, Math.floor(word.length / 2)));
  return least <= allowed ? nearest : undefined;
}

/** How many letters to change, add or take away (Levenshtein), upper and lower case alike. */
function distance(one: string, other: string): number {
  const letters = other.slice(0, 50).toLowerCase().split('');
  let row = [0, ...letters.map((_, index) => index + 1)];
  for (const [index, letter] of one.slice(0, 50).toLowerCase().split('').entries()) {
    let before = index + 1;
    const next = [before];
    for (const [column, wanted] of letters.entries()) {
      const changed = (row[column] ?? 0) + (letter === wanted ? 0 : 1);
      before = Math.min(changed, before + 1, (row[column + 1] ?? 0) + 1);
      next.push(before);
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
