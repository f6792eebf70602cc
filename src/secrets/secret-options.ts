/** Options for secrets, which come from a file or from Checkmk's password store. */

import { parsePath } from '../cli/option-types.ts';
import { toFlag, type ValueSpec } from '../cli/options.ts';
import { CourierError } from '../faults/errors.ts';
import { readSecretFile, type Secret, type SecretContext, splitReference } from './secrets.ts';

/** The two options that bring one secret: `passwordFile` and `passwordId`. */
type SecretOption<Name extends string> = `${Name}File` | `${Name}Id`;

type SecretOptions<Name extends string> = {
  readonly [Option in SecretOption<Name>]: ValueSpec<string>;
};

type SecretValues<Name extends string> = {
  readonly [Option in SecretOption<Name>]: string | undefined;
};

/**
 * The two options for one secret, to be spread into a table: `--password-file` and, as Checkmk's
 * own agents call it, `--password-id` (checkmk-site.md#password-store).
 *
 * @param name such as `password`
 * @param what the secret is, for --help, such as `the password of --user`
 */
export function secretOptions<Name extends string>(name: Name, what: string): SecretOptions<Name> {
  const fromFile: ValueSpec<string> = {
    kind: 'value',
    placeholder: 'FILE',
    parse: parsePath,
    describe: `file with ${what}`,
  };
  const fromStore: ValueSpec<string> = {
    kind: 'value',
    placeholder: 'ID:FILE',
    parse: parseReference,
    describe: `${what}, by its ID in Checkmk's password store FILE`,
  };
  const entries = [
    [`${name}File`, fromFile],
    [`${name}Id`, fromStore],
  ];
  return Object.fromEntries(entries);
}

/**
 * Whether a secret is given, by either of its options.
 *
 * @throws CourierError USAGE when by both
 */
export function isSecretGiven<Name extends string>(
  values: SecretValues<Name>,
  name: Name,
): boolean {
  const { path, reference } = pickSecret(values, name);
  return path !== undefined || reference !== undefined;
}

/**
 * Reads a secret from where one of its options says it is; undefined when neither is given.
 *
 * @throws CourierError USAGE when both are; CONFIG or LOCAL about the file or the password store
 */
export async function readSecret<Name extends string>(
  values: SecretValues<Name>,
  name: Name,
  context: SecretContext,
): Promise<Secret | undefined> {
  const { path, reference } = pickSecret(values, name);
  if (path !== undefined) return readSecretFile(path, toFlag(`${name}File`), context.log);
  if (reference === undefined) return undefined;
  const { readStoredPassword } = await import('./password-store.ts');
  return readStoredPassword(reference, toFlag(`${name}Id`), context);
}

function pickSecret<Name extends string>(values: SecretValues<Name>, name: Name) {
  const path: string | undefined = values[`${name}File`];
  const reference: string | undefined = values[`${name}Id`];
  if (path !== undefined && reference !== undefined) {
    const [file, id] = [toFlag(`${name}File`), toFlag(`${name}Id`)];
    throw new CourierError('USAGE', `${file} and ${id} exclude each other`);
  }
  return { path, reference };
}

function parseReference(raw: string): string {
  const { id, path } = splitReference(raw);
  return path.startsWith('~/') ? `${id}:${parsePath(path)}` : raw;
}
