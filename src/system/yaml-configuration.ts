/** Configuration that an administrator writes in YAML: read within bounds, and only where nobody else writes. */

import { dirname } from 'node:path';
import type { Scalar } from 'yaml';
import { toFlag } from '../cli/options.ts';
import { readYaml, type YamlFile, type YamlProblem } from '../cli/yaml-file.ts';
import { CourierError } from '../faults/errors.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';
import { pathStatus, readWholeFile } from '../files/file-calls.ts';
import { requireTrusted } from './trusted-path.ts';

/** What is read, for messages. */
export interface YamlPlace {
  /** Such as `the routes`. */
  readonly what: string;
  /** The command that makes such a file. */
  readonly maker: string;
  /** Keys of mappings whose own keys are names, and stay as they are written. */
  readonly named?: readonly string[];
}

/**
 * Reads a file whose keys may be written like flags: `max-age` means `maxAge`.
 *
 * @throws CourierError LOCAL when it cannot be read; CONFIG when it is not there, not text, too
 * long, or others may change it
 */
export async function readYamlConfiguration(
  path: string,
  place: YamlPlace,
): Promise<YamlFile | { readonly problem: YamlProblem }> {
  const text = await readText(path, place);
  const { isPair, isScalar, visit } = await import('yaml');
  const isNamed = (parent: unknown) =>
    isPair(parent) && isScalar(parent.key) && place.named?.includes(String(parent.key.value));
  return readYaml(text, (document) => {
    visit(document, {
      Pair: (_, { key }, ancestors) => {
        if (isScalar(key) && !isNamed(ancestors.at(-2))) unifyKey(key);
      },
    });
  });
}

/**
 * A schema passes mistakes as arguments of one call, and the stack holds about a hundred thousand.
 *
 * @throws CourierError CONFIG for more
 */
export function withinStack<Result>(path: string, check: () => Result): Result {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CourierError('CONFIG', `${path}: too many mistakes to name them`, { cause: error });
  }
}

function unifyKey(key: Scalar): void {
  if (typeof key.value !== 'string') return;
  const camel = key.value.replace(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase());
  if (toFlag(camel) === `--${key.value}`) key.value = camel;
}

const largestFile = 1024 * 1024;

async function readText(path: string, { what, maker }: YamlPlace): Promise<string> {
  await requireTrusted(path);
  try {
    const stats = await pathStatus(path);
    if (!stats.isFile()) throw new CourierError('CONFIG', `${path}: is not a file`);
    if (stats.size > largestFile) throw new CourierError('CONFIG', `${path}: larger than 1 MiB`);
    return new TextDecoder('utf-8', { fatal: true }).decode(await readWholeFile(path));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') {
      throw new CourierError(
        'CONFIG',
        `${path}: there is no such file; ${maker} makes one in ${dirname(path)}`,
        { cause: error },
      );
    }
    if (error instanceof TypeError) throw new CourierError('CONFIG', `${path}: is not UTF-8`);
    throw asCourierError(error, `reading ${what} ${path}`);
  }
}
