/** Where a batch goes and comes from, as two commands are told. */

import { CourierError } from '../../faults/errors.ts';
import { replaceFile } from '../../system/durable-files.ts';
import { type Batch, writeBatch } from './batch.ts';

export interface BatchWishes {
  readonly export: string | undefined;
  readonly batch: string | undefined;
  readonly output: string | undefined;
  readonly import: string | undefined;
}

/** @throws CourierError USAGE for options that do not go together */
export function requireOneWay(wishes: BatchWishes): void {
  const given = [wishes.export, wishes.batch, wishes.import].filter((one) => one !== undefined);
  if (given.length > 1) {
    throw new CourierError('USAGE', 'of --export, --batch and --import only one can be given');
  }
  if ((wishes.batch === undefined) !== (wishes.output === undefined)) {
    throw new CourierError('USAGE', '--batch and --output go together');
  }
}

/** @throws CourierError LOCAL */
export async function writeBatchFile(path: string, batch: Batch): Promise<void> {
  await replaceFile(path, writeBatch(batch).toString('latin1'));
}
