/**
 * Every transport with every fault in every place of a chain: either the output of a good source
 * arrives, or the fault is told; what is old, torn or foreign never passes for output.
 */

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { catalog } from '../src/transports/catalog.ts';
import { giveAll, type Result, runVariant } from './fault-matrix/cells.ts';
import { localVariants } from './fault-matrix/local-variants.ts';
import { remoteVariants } from './fault-matrix/remote-variants.ts';
import { drawMatrix } from './fault-matrix/table.ts';
import { faultKinds, type Variant } from './fault-matrix/variant.ts';
import { makeTempDir } from './helpers/temp-dir.ts';

const variants: readonly Variant[] = [...remoteVariants, ...localVariants];

test('every transport of the catalog is in the matrix', () => {
  const known = Object.values(catalog).map(({ transport }) => transport);
  const present = variants.map(({ transport }) => transport);
  assert.deepEqual(new Set(present), new Set(known));
});

/** Peers that run at the same time. */
const concurrency = 5;
const timeout = 240_000;

test('a fault ends in good output or is told, and nothing else', {
  concurrency,
  timeout,
}, async (t) => {
  const drops = await makeTempDir(t);
  const results = new Map<Variant, readonly Result[]>();
  const runs = variants.map((variant, index) =>
    t.test(variant.name, { skip: variant.skip }, async () => {
      const own = join(drops, String(index));
      await mkdir(own);
      const found = await runVariant(variant, own);
      results.set(variant, found);
      assert.deepEqual(found.filter(isWrong).map(describeWrong), []);
    }),
  );
  await Promise.all(runs);
  const inOrder = variants.flatMap((variant) => results.get(variant) ?? notRun(variant));
  for (const line of drawMatrix(inOrder)) t.diagnostic(line);
});

function notRun(variant: Variant): readonly Result[] {
  const because = variant.skip || 'it failed';
  return faultKinds.flatMap((kind) => giveAll(variant, kind, { kind: 'not applicable', because }));
}

function isWrong({ verdict }: Result): boolean {
  return verdict.kind === 'wrong' || verdict.kind === 'bait taken';
}

function describeWrong({ kind, position, mode, verdict }: Result): string {
  const what = verdict.kind === 'wrong' ? verdict.what : verdict.kind;
  return `${kind}, ${position}, ${mode}: ${what}`;
}
