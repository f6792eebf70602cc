/**
 * Expressions that only pick and rename, which is what most rows are made with: evaluated here, some
 * twenty times as fast as JSONata does it. Whatever is not that plain, or meets a list on its way,
 * is left to JSONata, so that the results are the same.
 */

import { toNamed } from './named.ts';

/** What a plain expression finds; `unknown to us`: JSONata has to say. */
export type PlainResult = { readonly value: unknown } | 'unknown to us';
export type PlainExpression = (input: unknown) => PlainResult;

const unknownToUs = 'unknown to us';
const nothing: PlainResult = { value: undefined };

type Node = ReadonlyMap<string, unknown>;

/** What plain nodes have; predicates, sorting, grouping and the like are further keys. */
const plainKeys = [
  ...['type', 'value', 'position', 'steps', 'lhs', 'rhs'],
  ...['condition', 'then', 'else', 'procedure', 'arguments'],
];

/** @param ast a syntax tree of JSONata, which has no types worth the name */
export function toPlainExpression(ast: unknown): PlainExpression | undefined {
  const node = toNode(ast);
  if (!hasOnly(node, plainKeys)) return undefined;
  switch (node.get('type')) {
    case 'string':
    case 'number':
    case 'value': {
      const found: PlainResult = { value: node.get('value') };
      return () => found;
    }
    case 'path':
      return toPath(node);
    case 'unary':
      return node.get('value') === '{' ? toObject(node) : undefined;
    case 'binary':
      return toComparison(node);
    case 'condition':
      return toCondition(node);
    case 'function':
      return toCall(node);
    default:
      return undefined;
  }
}

/**
 * What a path of names leads to, a list too, which is the very list of the input: `records`.
 *
 * @returns undefined for another expression, or where a list is met before the end
 */
export function pickByPath(ast: unknown, input: unknown): { readonly value: unknown } | undefined {
  const names = toNames(toNode(ast));
  if (names === undefined) return undefined;
  const holder = follow(input, names.slice(0, -1));
  if (holder === unknownToUs || !isObject(holder.value)) return undefined;
  const found = new Map(Object.entries(holder.value ?? {}));
  return { value: found.get(names.at(-1) ?? '') };
}

function toNode(ast: unknown): Node {
  const entries = typeof ast === 'object' && ast !== null ? Object.entries(ast) : [];
  return new Map(entries.filter(([, part]) => part !== undefined));
}

function toNodes(ast: unknown): readonly unknown[] {
  return Array.isArray(ast) ? ast : [];
}

function hasOnly(node: Node, keys: readonly string[]): boolean {
  return [...node.keys()].every((key) => keys.includes(key));
}

/** `space.snapshot.used`: names and nothing else. */
function toPath(node: Node): PlainExpression | undefined {
  const names = toNames(node);
  return names === undefined ? undefined : (input) => follow(input, names);
}

function toNames(node: Node): readonly string[] | undefined {
  if (node.get('type') !== 'path' || !hasOnly(node, plainKeys)) return undefined;
  const names: string[] = [];
  for (const step of toNodes(node.get('steps')).map(toNode)) {
    const name = step.get('value');
    const isPlain = step.get('type') === 'name' && hasOnly(step, ['type', 'value', 'position']);
    if (!isPlain || typeof name !== 'string') return undefined;
    names.push(name);
  }
  return names;
}

function follow(input: unknown, names: readonly string[]): PlainResult {
  let found = input;
  for (const name of names) {
    if (Array.isArray(found) || typeof found === 'function') return unknownToUs;
    if (typeof found !== 'object' || found === null) return nothing;
    if (!Object.hasOwn(found, name)) return name in found ? unknownToUs : nothing;
    found = Reflect.get(found, name);
  }
  return Array.isArray(found) ? unknownToUs : { value: found };
}

/** `{ "name": name }`: what has no value is left out. */
function toObject(node: Node): PlainExpression | undefined {
  const fields = new Map<string, PlainExpression>();
  for (const pair of toNodes(node.get('lhs'))) {
    const [left, right] = toNodes(pair);
    const key = toNode(left);
    const name = key.get('value');
    const value = toPlainExpression(right);
    if (key.get('type') !== 'string' || typeof name !== 'string') return undefined;
    if (value === undefined || fields.has(name) || name === '__proto__') return undefined;
    fields.set(name, value);
  }
  return (input) => makeObject(input, fields);
}

function makeObject(input: unknown, fields: ReadonlyMap<string, PlainExpression>): PlainResult {
  if (Array.isArray(input)) return unknownToUs;
  const made: Record<string, unknown> = {};
  for (const [name, evaluate] of fields) {
    const found = evaluate(input);
    if (found === unknownToUs) return unknownToUs;
    if (found.value !== undefined) made[name] = found.value;
  }
  return { value: made };
}

/** `type = "disk"`: of texts, numbers, yes and no. */
function toComparison(node: Node): PlainExpression | undefined {
  const operator = node.get('value');
  const [left, right] = [node.get('lhs'), node.get('rhs')].map(toPlainExpression);
  if (left === undefined || right === undefined) return undefined;
  if (operator !== '=' && operator !== '!=') return undefined;
  return (input) => {
    const [one, other] = [left(input), right(input)];
    if (one === unknownToUs || other === unknownToUs) return unknownToUs;
    if (one.value === undefined || other.value === undefined) return { value: false };
    if (isObject(one.value) || isObject(other.value)) return unknownToUs;
    return { value: (one.value === other.value) === (operator === '=') };
  };
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** `condition ? this : that`, where the condition says yes or no by itself. */
function toCondition(node: Node): PlainExpression | undefined {
  const [condition, then, otherwise] = ['condition', 'then', 'else']
    .filter((key) => node.has(key))
    .map((key) => toPlainExpression(node.get(key)));
  if (condition === undefined || then === undefined) return undefined;
  if (node.has('else') && otherwise === undefined) return undefined;
  return (input) => {
    const found = condition(input);
    if (found === unknownToUs || typeof found.value !== 'boolean') return unknownToUs;
    if (found.value) return then(input);
    return otherwise === undefined ? nothing : otherwise(input);
  };
}

function toCall(node: Node): PlainExpression | undefined {
  const called = toNode(node.get('procedure'));
  const given = toNodes(node.get('arguments'));
  if (called.get('type') !== 'variable') return undefined;
  switch (called.get('value')) {
    case 'exists':
      return given.length === 1 ? toExists(given[0]) : undefined;
    case 'named':
      return toNamedCall(given);
    case 'merge':
      return given.length === 1 ? toMerge(toNode(given[0])) : undefined;
    default:
      return undefined;
  }
}

function toExists(argument: unknown): PlainExpression | undefined {
  const evaluate = toPlainExpression(argument);
  if (evaluate === undefined) return undefined;
  return (input) => {
    const found = evaluate(input);
    return found === unknownToUs ? found : { value: found.value !== undefined };
  };
}

/** `$named(counters, ".", "_")`: the one place where a list is expected. */
function toNamedCall([list, ...texts]: readonly unknown[]): PlainExpression | undefined {
  const names = toNames(toNode(list));
  const [search, replacement, ...others] = texts.map((text) => toNode(text).get('value'));
  const isText = texts.every((text) => toNode(text).get('type') === 'string');
  if (names === undefined || !isText || others.length > 0) return undefined;
  return (input) => {
    const found = pickByPath(list, input)?.value;
    if (!Array.isArray(found)) return unknownToUs;
    return { value: toNamed(found, ...[search, replacement].map(toText)) };
  };
}

function toText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** `$merge([{ … }, $named(…)])`: of a list that is written out. */
function toMerge(list: Node): PlainExpression | undefined {
  const isList = list.get('type') === 'unary' && list.get('value') === '[';
  const parts = toNodes(list.get('expressions')).map(toPlainExpression);
  if (!isList || !hasOnly(list, [...plainKeys, 'expressions'])) return undefined;
  const known = parts.filter((part) => part !== undefined);
  if (known.length < parts.length) return undefined;
  return (input) => {
    const merged = new Map<string, unknown>();
    for (const part of known) {
      const found = part(input);
      if (found === unknownToUs || !isObject(found.value)) return unknownToUs;
      for (const [name, value] of Object.entries(found.value ?? {})) merged.set(name, value);
    }
    return { value: Object.fromEntries(merged) };
  };
}
