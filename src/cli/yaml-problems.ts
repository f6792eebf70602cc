/** What a schema complains about in a YAML file, each with its line and in words for people. */

import { isMap, isScalar, isSeq, type Node } from 'yaml';
import type { z } from 'zod';
import { quote } from '../faults/errors.ts';
import { findNearest, suggest } from '../names/nearest.ts';
import { needsQuotes, type YamlLayout, type YamlProblem } from './yaml-file.ts';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** What only the file in question knows. */
export interface YamlWords {
  /** Keys whose values are texts, even when they look like numbers. */
  readonly textKeys: readonly string[];
  /** Keys there are at a place, for hints on mistyped ones. */
  knownKeys(path: Path): readonly string[];
  /** Where a key that is like none of them may belong. */
  findPlace?(path: Path): string | undefined;
  /** What is to be said in place of the complaint, if anything. */
  describe?(issue: Issue, layout: YamlLayout): string | undefined;
}

/** All that the schema complains about, in the order of the file. */
export function toYamlProblems(
  issues: readonly Issue[],
  layout: YamlLayout,
  words: YamlWords,
): readonly YamlProblem[] {
  const problems = issues
    .flatMap((issue) => unfold(issue))
    .flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => describeKey([...issue.path, key], layout, words))
        : [describe(issue, layout, words)],
    );
  const isFirst = ({ line, message }: YamlProblem, index: number) =>
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

function describe(issue: Issue, layout: YamlLayout, words: YamlWords): YamlProblem {
  const [key, index] = issue.path.slice(-2).reverse();
  const name = typeof key === 'number' ? `${String(index)} ${key + 1}` : String(key ?? 'the file');
  const better = words.describe?.(issue, layout) ?? describeUnquoted(issue, layout, words);
  const isMissing = nodeAt(layout.root, issue.path) === undefined;
  const isSentence = issue.code === 'custom' && issue.params?.['isSentence'] === true;
  const said = isSentence ? issue.message : `${name} ${issue.message}`;
  const message = better ?? (isMissing ? `${name} is missing` : said);
  return { line: lineOf(issue.path, layout), message };
}

/** A number or truth value where a text belongs: the text as it was written in the YAML. */
function describeUnquoted(
  { path }: Issue,
  { root }: YamlLayout,
  { textKeys }: YamlWords,
): string | undefined {
  const key = path.findLast((part) => typeof part === 'string');
  const node = nodeAt(root, path);
  if (
    typeof key !== 'string' ||
    !textKeys.includes(key) ||
    !isScalar(node) ||
    typeof node.value === 'string'
  )
    return undefined;
  if (!node.source) return `${key} is empty`;
  return `${key}: ${needsQuotes(node.source)}`;
}

function describeKey(path: Path, layout: YamlLayout, words: YamlWords): YamlProblem {
  const key = String(path.at(-1));
  const known = words.knownKeys(path.slice(0, -1));
  const place = findNearest(key, known) === undefined ? words.findPlace?.(path) : undefined;
  const hints = [...(place === undefined ? [] : [place]), suggest(key, known)];
  return {
    line: lineOf(path, layout),
    message: `unknown key ${quote(key)}; ${hints.join('; ')}`,
  };
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
export function lineOf(path: Path, { root, lineOf: lineAt }: YamlLayout): number {
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
