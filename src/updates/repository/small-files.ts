/** Files of one or a few lines `name value`, as people can read and scripts can take apart. */

import { dirname } from 'node:path';
import { CourierError, prefixError } from '../../faults/errors.ts';
import { type Field, PayloadReader, writePayload } from '../../sealing/payload.ts';
import { findTextFile, replaceFile } from '../../system/durable-files.ts';
import { makePrivateDirectory } from './opening.ts';

/**
 * Reads a small file; undefined where there is none.
 *
 * @throws CourierError CONFIG when it is damaged, or others may change it; LOCAL
 */
export async function readSmallFile<Value>(
  path: string,
  read: (reader: PayloadReader) => Value,
): Promise<Value | undefined> {
  const text = await findTextFile(path);
  if (text === undefined) return undefined;
  try {
    const reader = new PayloadReader(Buffer.from(text, 'utf8'));
    const value = read(reader);
    reader.end();
    return value;
  } catch (error) {
    if (!(error instanceof CourierError)) throw error;
    throw prefixError(new CourierError('CONFIG', error.message, { cause: error }), path);
  }
}

/** @throws CourierError LOCAL; the old file is still there then */
export async function writeSmallFile(path: string, fields: readonly Field[]): Promise<void> {
  await makePrivateDirectory(dirname(path));
  await replaceFile(path, writePayload(fields).toString('latin1'));
}
