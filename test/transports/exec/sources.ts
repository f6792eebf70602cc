/** Sources that run the tiny programs of the tests. */

import { parseSourceUri, type Source } from '../../../src/transports/source.ts';
import { programPath } from '../../helpers/programs.ts';

export function toSource(uri: string): Source {
  return { uri: parseSourceUri(uri), options: {} };
}

/** A program of test/fixtures/programs with the arguments as they are written in the URI. */
export function call(name: string, ...args: readonly string[]): Source {
  const query = args.map((arg) => `arg=${arg}`).join('&');
  return toSource(`exec:${programPath(name)}?${query}`);
}
