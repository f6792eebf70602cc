/** A program that fetches its argument without root's rights and prints the output or the fault. */

import { CourierError } from '../../../src/faults/errors.ts';
import { fetchText } from './drops.ts';

const nobody = 65534;

if (process.getuid?.() === 0) process.seteuid?.(nobody);
const [, , uri = ''] = process.argv;
const said = await fetchText(uri).catch((error: unknown) =>
  error instanceof CourierError ? `${error.code}: ${error.message}` : String(error),
);
process.stdout.write(said);
