/** receiver.yaml or collector.yaml → raw options, every mistake with its line. */

import { isMap, isScalar, type Node } from 'yaml';
import { z } from 'zod';
import { type OptionSpec, type OptionTable, type RawOptions, toFlag } from '../cli/options.ts';
import { readYaml } from '../cli/yaml-file.ts';
import { CourierError, quote } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import { readWholeFile } from '../files/file-calls.ts';
import { suggest } from '../names/nearest.ts';
import { requireTrusted } from '../system/trusted-path.ts';

const largestFile = 1024 * 1024;

/**
 * Reads a configuration file whose keys are the flags of `table` without their dashes.
 *
 * @throws CourierError CONFIG naming file and line; LOCAL when it cannot be read
 */
export async function readConfiguration(path: string, table: OptionTable): Promise<RawOptions> {
  await requireTrusted(path);
  const text = await readWholeFile(path, 'utf8').catch((error) => {
    throw asCourierError(error, `reading --config ${path}`);
  });
  if (text.length > largestFile) throw new CourierError('CONFIG', `${path}: larger than 1 MiB`);
  const file = await readYaml(text);
  if ('problem' in file) {
    throw new CourierError('CONFIG', `${path}:${file.problem.line}: ${file.problem.message}`);
  }
  const { content, layout } = file;
  if (content === undefined) return {};
  const parsed = toSchema(table).safeParse(content);
  if (parsed.success) return parsed.data;
  const lineOf = (offset: number) => `${path}:${layout.lineOf(offset)}`;
  const known = Object.keys(table).map(keyOf);
  throw toFault(parsed.error.issues[0], { root: layout.root, known }, lineOf);
}

/** One text, number or truth value, as raw texts. */
const scalar = z.union([z.string(), z.number(), z.boolean()]).transform((given) => [String(given)]);

function toSchema(table: OptionTable) {
  const entries = Object.entries(table).map(([name, spec]) => [keyOf(name), schemaOf(spec)]);
  const shape: Readonly<Record<string, ReturnType<typeof schemaOf>>> = Object.fromEntries(entries);
  return z.strictObject(shape).transform((given): RawOptions => {
    const named = Object.keys(table).map((name) => [name, given[keyOf(name)]] as const);
    const texts = named.filter(
      (entry): entry is readonly [string, string[]] => entry[1] !== undefined,
    );
    return Object.fromEntries(texts);
  });
}

function schemaOf(spec: OptionSpec) {
  const texts =
    spec.kind === 'list'
      ? z.union([scalar, z.array(z.string())], 'must be a text or a list of texts')
      : spec.kind === 'switch'
        ? z.boolean('must be true or false').transform((given) => [String(given)])
        : z
            .union([z.string(), z.number(), z.boolean()], 'must be one value')
            .transform((given) => [String(given)]);
  return texts
    .superRefine((given, context) => {
      if (spec.kind === 'switch') return;
      for (const text of given) complain(() => spec.parse(text), context);
    })
    .optional();
}

function complain(parse: () => unknown, context: z.RefinementCtx): void {
  try {
    parse();
  } catch (error) {
    if (!(error instanceof CourierError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
  }
}

function toFault(
  issue: z.core.$ZodIssue | undefined,
  { root, known }: { readonly root: Node | null; readonly known: readonly string[] },
  lineOf: (offset: number) => string,
): CourierError {
  if (issue?.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const where = lineOf(keyOffset(root, key));
    const message = `${where}: unknown key ${quote(key)}; ${suggest(key, known)}`;
    return new CourierError('CONFIG', message);
  }
  const key = String(issue?.path[0] ?? '');
  if (key === '') return new CourierError('CONFIG', `${lineOf(0)}: must be keys and values`);
  const where = lineOf(keyOffset(root, key));
  return new CourierError('CONFIG', `${where}: ${key} ${issue?.message}`);
}

function keyOffset(root: Node | null, key: string): number {
  if (!isMap(root)) return 0;
  const pair = root.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
  return isScalar(pair?.key) ? (pair.key.range?.[0] ?? 0) : 0;
}

function keyOf(name: string): string {
  return toFlag(name).slice(2);
}
