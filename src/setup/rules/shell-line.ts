/**
 * The command line of a rule: for the shell, around the macros of Checkmk, which are pasted in
 * without any quoting before the shell reads it (checkmk-site.md#running).
 */

import { CourierError, quote } from '../../faults/errors.ts';

/** Text that the site puts the name or address of a host in the place of. */
export class Macro {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** No host name holds anything a shell knows (checkmk-site.md#host-names). */
export const hostName = new Macro('$HOSTNAME$');
/** Empty for a host without an address. */
export const hostAddress = new Macro('$HOSTADDRESS$');

/** One word for a program: text, with macros in it. */
export type Word = string | readonly (string | Macro)[];

/**
 * Words as one line for `sh -c`.
 *
 * @throws CourierError USAGE for text that the site or the shell would make something else of
 */
export function toShellLine(words: readonly Word[]): string {
  return words.map(quoteForShell).join(' ');
}

/**
 * A word as the shell reads it again.
 *
 * @throws CourierError USAGE for `$`, `<IP>`, `<HOST>`, line feeds and other control characters
 */
function quoteForShell(word: Word): string {
  const parts = typeof word === 'string' ? [word] : word;
  const texts = parts.filter((part) => typeof part === 'string');
  for (const text of texts) refuseMacros(text);
  // What is left of a macro between two texts must not become another with them.
  const whole = parts.map((part) => (typeof part === 'string' ? part : part.text)).join('');
  const isPlain = whole !== '' && texts.every((text) => /^[\w@%+=:,./{}-]*$/.test(text));
  return isPlain ? whole : `'${whole.replaceAll("'", "'\\''")}'`;
}

/** The site replaces macros wherever they stand, and older forms of them first. */
function refuseMacros(text: string): void {
  if (/[$\p{Cc}]/u.test(text)) {
    const why = 'Checkmk takes what begins with $ for a macro, and a line ends the command';
    const what = `a rule must hold no $ and no control character, not ${quote(text)}`;
    throw new CourierError('USAGE', `${what}: ${why}`);
  }
  if (/<(?:IP|HOST)>/.test(text)) {
    throw new CourierError(
      'USAGE',
      `a rule must not hold ${quote(text)}: Checkmk puts address or name in the place of <IP> and <HOST>`,
    );
  }
}
