/** Makes an updates.yaml to begin with, and tells what is wrong with one. */

import { dirname } from 'node:path';
import type { YamlProblem } from '../../cli/yaml-file.ts';
import { CourierError, cleanText } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import { makeDirectory, writeWholeFile } from '../../files/file-calls.ts';
import { sample } from './sample.ts';
import { toJsonSchema } from './schema.ts';

/**
 * Writes both; a file that is there stays as it is.
 *
 * @throws CourierError USAGE when there is one; LOCAL
 */
export async function makeSample(path: string, schemaPath: string): Promise<void> {
  try {
    await makeDirectory(dirname(path), { recursive: true, mode: 0o750 });
    await writeWholeFile(path, sample, { flag: 'wx', mode: 0o640 });
    await writeWholeFile(schemaPath, `${JSON.stringify(toJsonSchema(), null, 2)}\n`, {
      mode: 0o640,
    });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw asCourierError(error, `writing ${path}`);
    throw new CourierError('USAGE', `${path} is there already, and stays as it is`);
  }
}

interface Validated {
  readonly path: string;
  readonly rules: number;
  readonly problems: readonly YamlProblem[];
  readonly warnings: readonly YamlProblem[];
}

/** Who has more than that has one mistake many times. */
const mostShown = 200;

/** For people and editors: a mistake a line. */
export function toLines({ path, rules, problems, warnings }: Validated): string {
  if (problems.length === 0) {
    const mild = warnings.map(({ line, message }) => `${path}:${line}: warning: ${message}\n`);
    return `${mild.join('')}${path}: ${rules} ${rules === 1 ? 'rule' : 'rules'}, no mistakes\n`;
  }
  const shown = problems.slice(0, mostShown);
  const lines = shown.map(({ line, message }) => `${path}:${line}: ${cleanText(message)}\n`);
  const more = problems.length - shown.length;
  return [...lines, more > 0 ? `… ${more} more\n` : ''].join('');
}
