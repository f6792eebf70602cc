/** Files of ours in YAML: what they hold, and what YAML makes of text that should be quoted. */

import type { Document, Node } from 'yaml';
import { cleanText, quote } from '../faults/errors.ts';

/** What is wrong, and where. */
export interface YamlProblem {
  readonly line: number;
  /** What is wrong, and how to mend it. */
  readonly message: string;
}

/** A file as it was read, for finding lines. */
export interface YamlLayout {
  readonly root: Node | null;
  lineOf(offset: number): number;
}

export interface YamlFile {
  readonly layout: YamlLayout;
  /** Undefined for an empty file. */
  readonly content: unknown;
}

/**
 * Reads one YAML document.
 *
 * @param prepare changes the document before its content is taken
 * @returns what it holds, or the first thing that is wrong: what comes behind it comes of it
 */
export async function readYaml(
  text: string,
  prepare: (document: Document) => void = () => undefined,
): Promise<YamlFile | { readonly problem: YamlProblem }> {
  const { LineCounter, parseDocument } = await import('yaml');
  const lineCounter = new LineCounter();
  const lineOf = (offset: number) => lineCounter.linePos(offset).line;
  const toProblem = (offset: number, message: string) => ({
    problem: { line: lineOf(offset), message },
  });
  const document = parseDocument(text, { lineCounter, prettyErrors: false, logLevel: 'error' });
  const [wrong] = [...document.errors, ...document.warnings];
  if (wrong !== undefined) {
    return toProblem(wrong.pos[0], describe(wrong.message, text, wrong.pos[0]));
  }
  try {
    const misread = await findMisread(document, text);
    if (misread !== undefined) return toProblem(misread.offset, misread.message);
    prepare(document);
    const content: unknown = document.toJS({ maxAliasCount: 100 });
    if (isEndless(content)) return toProblem(0, 'an alias stands within what it stands for');
    return { layout: { root: document.contents, lineOf }, content: content ?? undefined };
  } catch (error) {
    // The library goes down into what is nested, and counts aliases against bombs.
    if (error instanceof RangeError) return toProblem(0, tooDeep);
    if (error instanceof ReferenceError) return toProblem(0, 'too many aliases');
    throw error;
  }
}

const tooDeep = 'is nested too deeply';

/** Whether something holds itself, by an alias to what it stands in. */
function isEndless(value: unknown, above: readonly unknown[] = []): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (above.includes(value)) return true;
  return Object.values(value).some((part) => isEndless(part, [...above, value]));
}

/** Nothing of ours needs more than a few levels; how many fit onto the stack differs from run to run. */
const deepest = 100;

/** What the library complains about, in words for people who write text and not YAML. */
const words: readonly (readonly [said: RegExp, meant: (token: string) => string])[] = [
  [/^Alias cannot be|^Unresolved tag|^Plain value cannot start|^Anchor cannot be/, needsQuotes],
  [
    /^Nested mappings are not allowed|^Unexpected scalar at node end/,
    (token) => `${quote(token)} and what stands beside it must be one text in quotes`,
  ],
  [/call stack/, () => tooDeep],
  [/multiple documents/, () => 'there must be one document, without a further ---'],
];

function describe(said: string, text: string, offset: number): string {
  const known = words.find(([pattern]) => pattern.test(said));
  if (known !== undefined) return known[1](tokenAt(text, offset));
  const hint = said.includes('flow') ? '; inside brackets, text with { } [ or ] needs quotes' : '';
  return `${said}${hint}`;
}

/** All of a word, whose beginning YAML takes for something else. */
function tokenAt(text: string, offset: number): string {
  const [token = ''] = /^[^\s,[\]{}]+/.exec(text.slice(offset, offset + 200)) ?? [];
  return token === '' ? (/^.*/.exec(text.slice(offset, offset + 60))?.[0] ?? '') : token;
}

/** `10 needs quotes: '10'`. */
export function needsQuotes(written: string): string {
  const shown = cleanText(written, 60);
  return `${shown} needs quotes: '${shown.replaceAll("'", "''")}'`;
}

interface Misread {
  readonly offset: number;
  readonly message: string;
}

/** What is good YAML, and certainly not what was meant. */
async function findMisread(document: Document, text: string): Promise<Misread | undefined> {
  const { isAlias, isNode, isScalar, visit } = await import('yaml');
  let found: Misread | undefined;
  const tell = (node: unknown, message: string) => {
    found ??= { offset: isNode(node) ? (node.range?.[0] ?? 0) : 0, message };
    return visit.BREAK;
  };
  visit(document, {
    Alias: (_, alias) =>
      alias.resolve(document) === undefined
        ? tell(alias, needsQuotes(`*${alias.source}`))
        : undefined,
    Seq: (_, list, ancestors) => (ancestors.length > deepest ? tell(list, tooDeep) : undefined),
    Map: (_, map, ancestors) => {
      if (ancestors.length > deepest) return tell(map, tooDeep);
      const [only] = map.items;
      const isPlaceholder = map.flow && map.items.length === 1 && only?.value === null;
      if (!isPlaceholder || !isScalar(only.key)) return undefined;
      return tell(map, needsQuotes(`{${only.key.value}}`));
    },
    Pair: (_, { key }) =>
      isScalar(key) || isAlias(key) || !isNode(key)
        ? undefined
        : tell(key, `a key must be a word, not ${quote(tokenAt(text, key.range?.[0] ?? 0))}`),
  });
  return found;
}
