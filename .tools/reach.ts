/** Which tests a change can reach, by who imports whom, the nearest first. */

import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { importsOf, loadsFromAbove } from './layers.ts';

export interface ReachedTest {
  readonly file: string;
  /** Imports between it and what has changed; through a catalog it is far. */
  readonly distance: number;
}

/** A catalog imports everything, which says little about what concerns whom. */
const catalogDistance = 10;

/** Tests of the built program reach what it is built from. */
const programEntry = 'src/bin.ts';
const namesProgram = /dist\/cmk-courier/;

/** Every file that a change of `changed` may matter to, and how far away it is. */
export function findReachedTests(changed: readonly string[]): readonly ReachedTest[] {
  const importers = findImporters();
  const distances = new Map<string, number>();
  const waiting = changed.flatMap((path) => (path.endsWith('.ts') ? [path] : findMentions(path)));
  for (const path of waiting) distances.set(path, 0);
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    for (const importer of importers.get(path) ?? []) {
      const step = isFar(importer) ? catalogDistance : 1;
      const distance = (distances.get(path) ?? 0) + step;
      if (distance >= (distances.get(importer) ?? Number.POSITIVE_INFINITY)) continue;
      distances.set(importer, distance);
      waiting.push(importer);
    }
  }
  return [...distances]
    .filter(([file]) => file.endsWith('.test.ts'))
    .map(([file, distance]) => ({ file, distance }))
    .sort((one, other) => one.distance - other.distance || one.file.localeCompare(other.file))
    .sort((one, other) => Number(mirrors(other, changed)) - Number(mirrors(one, changed)));
}

/** Tests stand in test as what they test stands in src. */
function mirrors({ file }: ReachedTest, changed: readonly string[]): boolean {
  const tested = file.replace(/^test/, 'src').replace(/\.test\.ts$/, '.ts');
  return changed.includes(tested) || changed.includes(file);
}

function isFar(importer: string): boolean {
  return loadsFromAbove.includes(importer) || importer === programEntry;
}

const codeFiles = () => globSync(['src/**/*.ts', 'test/**/*.ts', '.tools/**/*.ts']);

/** Imported file → those that import it. */
function findImporters(): ReadonlyMap<string, readonly string[]> {
  const importers = new Map<string, string[]>();
  for (const path of codeFiles()) {
    const program = namesProgram.test(readFileSync(path, 'utf8')) ? [programEntry] : [];
    for (const imported of [...importsOf(path), ...program]) {
      importers.set(imported, [...(importers.get(imported) ?? []), path]);
    }
  }
  return importers;
}

/** Scripts, fixtures and pages are named by who uses them: by path, or a script by its name. */
function findMentions(path: string): string[] {
  const name = basename(path);
  const isTelling = /^\w+(-\w+)+$/.test(name);
  return codeFiles().filter((file) => {
    const text = readFileSync(file, 'utf8');
    return text.includes(path) || (isTelling && text.includes(name));
  });
}
