/** What the commands that make a root have in common. */

import { parsePositiveDuration, parseText } from '../../cli/option-types.ts';
import type { OptionTable } from '../../cli/options.ts';
import { CourierError, quote } from '../../faults/errors.ts';
import { type KeyRole, keyRoles } from '../../updates/documents/root.ts';
import { parseAlias } from '../../updates/keys/key-ring.ts';
import { passphraseOptions } from '../../updates/keys/passphrases.ts';
import { directoryOption } from '../../updates/repository/places.ts';

/** Of a key that comes into being here. */
export const replaceAfterOption = {
  kind: 'value',
  placeholder: 'DURATION',
  describe: 'when the key is to be replaced; only warned of, it goes on working',
  parse: parsePositiveDuration,
  fallback: '730d',
} as const;

export const signingOptions = {
  key: {
    kind: 'list',
    placeholder: 'KEY',
    describe: 'sign with this key alone; with all that are here and count unless given',
    parse: parseAlias,
  },
  ...passphraseOptions,
  dir: directoryOption,
} as const satisfies OptionTable;

export const rootOptions = {
  valid: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'how long the new root is good',
    parse: parsePositiveDuration,
    fallback: '730d',
  },
  draft: {
    kind: 'switch',
    describe: 'only draft it, to make more changes before it is signed (`updates root sign`)',
  },
  ...signingOptions,
} as const satisfies OptionTable;

/** What is dangerous is confirmed by typing a name. */
export const confirmOptions = {
  force: {
    kind: 'switch',
    describe: 'although hosts depend on it; asks for its name on the terminal',
  },
  confirm: {
    kind: 'value',
    placeholder: 'NAME',
    describe: 'with --force: the name, instead of typing it',
    parse: parseText,
  },
} as const satisfies OptionTable;

/** `root,release` */
export function parseRoles(text: string): readonly KeyRole[] {
  const words = text.split(',');
  const roles = keyRoles.filter((role) => words.includes(role));
  if (roles.length === words.length && !roles.includes('stamp')) return roles;
  throw new CourierError('USAGE', `must be root, release or root,release, not ${quote(text)}`);
}

/** @throws CourierError USAGE */
export function requireOperands(
  name: string,
  operands: readonly string[],
  wanted: readonly string[],
): void {
  if (operands.length === wanted.length) return;
  const missing = wanted[operands.length];
  if (missing !== undefined) throw new CourierError('USAGE', `${name} needs ${missing}`);
  throw new CourierError('USAGE', `${name} takes no ${quote(operands[wanted.length] ?? '')}`);
}
