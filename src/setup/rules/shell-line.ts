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
  const whole = parts.map((part) => (typeof part === 'string' ? part : part.text)).join('');
  for (const text of texts) refuseMacros(text, whole);
  const isPlain = whole !== '' && texts.every((text) => plain.test(text));
  return isPlain ? whole : `'${whole.replaceAll("'", "'\\''")}'`;
}

/** Braces are nothing to a shell, except where it is bash and there is a comma in them. */
const plain = /^(?:[\w@%+=:,./-]|\{host\}|\{address\})*$/;

/** The site replaces macros wherever they stand, and older forms of them first. */
function refuseMacros(text: string, whole: string): void {
  if (/[$\p{Cc}]/u.test(text)) {
    const why = 'Checkmk takes what begins with $ for a macro, and a line ends the command';
    const what = `a rule must hold no $ and no control character, not ${quote(text)}`;
    throw new CourierError('USAGE', `${what}: ${why}`);
  }
  if (/<(?:IP|HOST)>/.test(whole)) {
    throw new CourierError(
      'USAGE',
      `a rule must not hold ${quote(whole)}: Checkmk puts address or name in the place of <IP> and <HOST>`,
    );
  }
}
