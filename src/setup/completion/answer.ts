/** Candidates as the scripts of the shells read them: a line what they are, then a line each. */

import { cleanText } from '../../faults/errors.ts';
import type { Candidates } from './candidates.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof shells)[number];

/** More than that nobody reads, and a terminal asks before it shows them. */
const mostWords = 2000;

/** What is said of a word is for shells that show it. */
export function toAnswer(candidates: Candidates, hasAbouts: boolean, cut: string): string {
  if (candidates.kind !== 'words') return `${candidates.kind}\n`;
  const lines = candidates.words
    .filter(({ word }) => /^[^\p{Cc}\p{Zs}]+$/u.test(word))
    .slice(0, mostWords)
    .map(({ word, about }) => {
      return `${word.slice(cut.length)}${hasAbouts ? `\t${cleanText(about, 100)}` : ''}`;
    });
  return ['words', ...lines, ''].join('\n');
}

/**
 * Puts together what bash parts at COMP_WORDBREAKS: `--host`, `=`, `web` are one word, and so are
 * `https`, `:`, `//depot`. Bash itself puts what is chosen in the place of the last of them.
 *
 * @returns the words, and how much of the last one bash already has ahead of what it replaces
 */
export function joinBroken(words: readonly string[]): {
  readonly words: readonly string[];
  readonly cut: string;
} {
  const joined: string[] = [];
  let cut = '';
  let isOpen = false;
  for (const word of words) {
    const isBreak = /^[=:@]+$/.test(word);
    const before = joined.at(-1);
    if (before !== undefined && (isBreak || isOpen)) {
      cut = isBreak ? `${before}${word}` : before;
      joined[joined.length - 1] = `${before}${word}`;
    } else {
      cut = '';
      joined.push(word);
    }
    isOpen = isBreak;
  }
  return { words: joined, cut };
}

/** Shells hand words over as they were typed, with quotes and backslashes. */
export function unquote(word: string): string {
  return word.replace(/\\(.)|["']/g, '$1');
}
