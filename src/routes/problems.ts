/** What is wrong with a routes file, each with its line. */

import { isMap, isScalar, isSeq, type Node } from 'yaml';
import type { z } from 'zod';
import { quote } from '../faults/errors.ts';
import { suggest } from '../names/nearest.ts';
import { knownKeys } from './schema.ts';

export interface Problem {
  readonly line: number;
  /** What is wrong, and how to mend it. */
  readonly message: string;
}

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** The file as it was read, for finding lines. */
export interface Layout {
  readonly root: Node | null;
  lineOf(offset: number): number;
}

/** All that the schema complains about, in the order of the file. */
export function toProblems(issues: readonly Issue[], layout: Layout): readonly Problem[] {
  const problems = issues
    .flatMap((issue) => unfold(issue))
    .flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => describeKey(issue.path, key, layout))
        : [describe(issue, layout)],
    );
  return problems.sort((one, other) => one.line - other.line);
}

/** Of what may be several things, what it comes closest to says what is wrong with it. */
function unfold(issue: Issue): readonly Issue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const meant = issue.errors.find((branch) => !branch.some(isOfAnotherType));
  if (meant === undefined) return [issue];
  return meant.flatMap((inner) => unfold({ ...inner, path: [...issue.path, ...inner.path] }));
}

function isOfAnotherType(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === 'invalid_union') {
    return issue.errors.every((branch) => branch.some(isOfAnotherType));
  }
  return issue.code === 'invalid_type';
}

function describe(issue: Issue, layout: Layout): Problem {
  const [key, index] = issue.path.slice(-2).reverse();
  const name = typeof key === 'number' ? `${String(index)} ${key + 1}` : String(key ?? 'the file');
  const isMissing = !has(layout.root, issue.path);
  const isSentence = issue.code === 'custom' && issue.params?.['isSentence'] === true;
  const said = isSentence ? issue.message : `${name} ${issue.message}`;
  const message = isMissing ? `${name} is missing` : said;
  return { line: lineOf(issue.path, layout), message };
}

function describeKey(path: Path, key: string, layout: Layout): Problem {
  const hint = suggest(key, knownKeys[placeOf(path)]);
  const line = lineOf([...path, key], layout);
  return { line, message: `unknown key ${quote(key)}; ${hint}` };
}

function placeOf([first, , third]: Path): keyof typeof knownKeys {
  if (first === undefined) return 'file';
  if (first === 'routes' && third === undefined) return 'route';
  return first === 'collector' ? 'collector' : 'defaults';
}

function has(root: Node | null, path: Path): boolean {
  let node: unknown = root;
  for (const key of path) {
    if (isMap(node)) node = node.get(key, true);
    else if (isSeq(node)) node = node.items[Number(key)];
    else return false;
  }
  return node !== undefined;
}

/** The line of the innermost thing on the path that is there. */
function lineOf(path: Path, { root, lineOf: lineAt }: Layout): number {
  let node: unknown = root;
  let offset = root?.range?.[0] ?? 0;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === key);
      if (isScalar(pair?.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair?.value;
    } else if (isSeq(node)) {
      node = node.items[Number(key)];
      if (isScalar(node) || isMap(node)) offset = node.range?.[0] ?? offset;
    }
  }
  return lineAt(offset);
}
