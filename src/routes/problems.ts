/** What is wrong with a routes file, each with its line. */

import { isMap, isScalar, isSeq, type Node } from 'yaml';
import type { z } from 'zod';
import { needsQuotes, type YamlLayout, type YamlProblem } from '../cli/yaml-file.ts';
import { quote } from '../faults/errors.ts';
import { suggest } from '../names/nearest.ts';
import { knownKeys } from './schema.ts';

/** What is wrong, and how to mend it. */
export type Problem = YamlProblem;

/** The file as read, in which lines are found. */
export type Layout = YamlLayout;

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** All that the schema complains about, in the order of the file. */
export function toProblems(issues: readonly Issue[], layout: Layout): readonly Problem[] {
  const problems = issues
    .flatMap((issue) => unfold(issue))
    .flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => describeKey(issue.path, key, layout))
        : [describe(issue, layout)],
    );
  const isFirst = ({ line, message }: Problem, index: number) =>
    problems.findIndex((other) => other.line === line && other.message === message) === index;
  // Finding duplicates would take too long in a very long list.
  const once = problems.length > mostCompared ? problems : problems.filter(isFirst);
  return once.sort((one, other) => one.line - other.line);
}

const mostCompared = 100;

/**
 * When a value may be of several kinds, the complaint of the kind that it comes closest to is told.
 */
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
  const scheme = findBareScheme(nodeAt(layout.root, issue.path.slice(0, -1)));
  if (scheme !== undefined) {
    return { line: lineOf(issue.path, layout), message: needsQuotes(`${scheme}:`) };
  }
  const isMissing = nodeAt(layout.root, issue.path) === undefined;
  const isSentence = issue.code === 'custom' && issue.params?.['isSentence'] === true;
  const said = isSentence ? issue.message : `${name} ${issue.message}`;
  const message = isMissing ? `${name} is missing` : (describeUnquoted(issue, layout) ?? said);
  return { line: lineOf(issue.path, layout), message };
}

/** `- spool:` is a key without a value to YAML. */
function findBareScheme(node: unknown): string | undefined {
  const [only] = isMap(node) && node.items.length === 1 ? node.items : [];
  const isBare = isScalar(only?.key) && isScalar(only.value) && only.value.value === null;
  const name = isBare && isScalar(only?.key) ? String(only.key.value) : '';
  return /^[a-z][a-z0-9+]*$/.test(name) && !knownKeys.route.includes(name) ? name : undefined;
}

/** Keys whose values are texts, even when they look like numbers. */
const textKeys: readonly unknown[] = ['name', 'hosts', 'tags', 'piggyback', 'sections'];

/** A number or truth value where a text belongs: the text as it was written in the YAML. */
function describeUnquoted({ path }: Issue, { root }: Layout): string | undefined {
  const key = path.findLast((part) => typeof part === 'string');
  const node = nodeAt(root, path);
  if (!textKeys.includes(key) || !isScalar(node) || typeof node.value === 'string')
    return undefined;
  if (!node.source) return `${String(key)} is empty`;
  return `${String(key)}: ${needsQuotes(node.source)}`;
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

/** Undefined when there is nothing at that place. */
export function nodeAt(root: Node | null, path: Path): unknown {
  let node: unknown = root;
  for (const key of path) {
    if (isMap(node)) node = node.get(key, true);
    else if (isSeq(node)) node = node.items[Number(key)];
    else return undefined;
  }
  return node ?? undefined;
}

/** The line of the innermost part of the path that exists in the file. */
export function lineOf(path: Path, { root, lineOf: lineAt }: Layout): number {
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
