/** `exec:/path/of/program?arg=--host&arg={host}`: a program and its arguments. */

import { quote } from '../../faults/errors.ts';
import { decodeText, refusalFor } from '../../system/local-path.ts';

const refuse = refusalFor('an exec:');

export interface Command {
  /** Absolute. */
  readonly program: string;
  readonly args: readonly string[];
}

const execUri = /^exec:(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(#.*)?$/is;

/**
 * The program and arguments in an `exec:` URI, with its placeholders filled in or not. Values are
 * filled in percent-encoded, so a value never leaves its argument.
 *
 * @throws CourierError USAGE
 */
export function parseExecUri(uri: string): Command {
  const [, authority = '', path = '', query = '', fragment] = execUri.exec(uri) ?? [];
  if (authority !== '') throw refuse(`runs a program on this machine, not on ${quote(authority)}`);
  if (fragment !== undefined) throw refuse('has no fragment; write %23 for a #');
  if (!path.startsWith('/') || path.endsWith('/')) {
    throw refuse('needs the absolute path of a program');
  }
  if (path.includes('{')) throw refuse('has {host} and {address} only in arguments');
  const parameters = query === '' ? [] : query.split('&');
  return { program: decodeText(path, refuse), args: parameters.map(parseArgument) };
}

function parseArgument(parameter: string): string {
  if (parameter.startsWith('arg=')) return decodeText(parameter.slice('arg='.length), refuse);
  const hint = 'write & within an argument as %26';
  throw refuse(`takes arguments as arg=…&arg=…, not ${quote(parameter)}; ${hint}`);
}
