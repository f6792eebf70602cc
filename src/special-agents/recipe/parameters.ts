/** Parameters of a recipe: as options, and their values. */

import {
  parseNumberWithin,
  parseOneOf,
  parsePositiveDuration,
  parseText,
} from '../../cli/option-types.ts';
import {
  type OptionSpec,
  type OptionTable,
  parseOptions,
  type RawOptions,
  toFlag,
} from '../../cli/options.ts';
import { CourierError, quote } from '../../faults/errors.ts';
import { readSecret, secretOptions } from '../../secrets/secret-options.ts';
import type { SecretContext } from '../../secrets/secrets.ts';
import { httpOptions } from '../../web/options.ts';
import type { Exchange } from '../exchange.ts';
import { ownOptions } from '../run-options.ts';
import type { Recipe } from './recipe.ts';
import type { Parameter } from './schema.ts';

/** All options of a recipe: its parameters, those of HTTP it does not have itself, common ones. */
export function toOptions(recipe: Recipe): OptionTable {
  const own = Object.entries(recipe.parameters).flatMap(([name, parameter]) =>
    toSpecs(name, parameter),
  );
  const parameters: OptionTable = Object.fromEntries(own);
  const others = Object.entries(httpOptions).filter(([name]) => !Object.hasOwn(parameters, name));
  return { ...parameters, ...Object.fromEntries(others), ...ownOptions };
}

function toSpecs(name: string, parameter: Parameter): readonly (readonly [string, OptionSpec])[] {
  const describe = ('describe' in parameter ? parameter.describe : undefined) ?? name;
  if (parameter.type === 'secret') return Object.entries(secretOptions(name, describe));
  if (parameter.type === 'switch') return [[name, { kind: 'switch', describe }]];
  if (parameter.type === 'choices' || parameter.type === 'list') {
    const parse = parameter.type === 'list' ? parseText : parseChoices(parameter.of);
    return [[name, { kind: 'list', placeholder: 'NAMES', parse, describe }]];
  }
  return [[name, { kind: 'value', describe, ...toValue(parameter) }]];
}

type SingleValue = Exclude<Parameter, { type: 'secret' | 'switch' | 'choices' | 'list' }>;

function toValue(parameter: SingleValue) {
  const { required, default: fallback } = parameter;
  return {
    ...toParser(parameter),
    ...(fallback === undefined ? {} : { fallback: String(fallback) }),
    ...(required === true && fallback === undefined ? { required } : {}),
  };
}

function toParser(parameter: SingleValue) {
  switch (parameter.type) {
    case 'text':
      return { placeholder: 'TEXT', parse: parseText };
    case 'url':
      return { placeholder: 'URL', parse: parseBaseUrl };
    case 'duration':
      return { placeholder: 'DURATION', parse: parseSeconds };
    case 'number':
      return {
        placeholder: 'NUMBER',
        parse: parseNumberWithin(parameter.least ?? 0, parameter.most ?? 999_999_999),
      };
    case 'choice':
      return { placeholder: parameter.of.join('|'), parse: parseOneOf(...parameter.of) };
  }
}

/** A duration as an expression has it. */
export function parseSeconds(raw: string): number {
  return parsePositiveDuration(raw) / 1000;
}

/** Several in one value, between commas. */
function parseChoices(words: readonly string[]) {
  const parseOne = parseOneOf(...words);
  const parse = (raw: string) => raw.split(/[,\s]+/).map((word) => parseOne(word));
  return Object.assign(parse, { words });
}

/** A URL without the slash at its end; placeholders for the host may stand in it. */
function parseBaseUrl(raw: string): string {
  const text = parseText(raw).replace(/\/+$/, '');
  const sample = text.replace(/\{(host|address)\}/g, 'host');
  if (/^(https?|http\+unix):\/\/[^/?#@]+([/][^?#]*)?$/i.test(sample) && URL.canParse(sample)) {
    return text;
  }
  throw new CourierError('USAGE', `must be a URL without user, query and #, not ${quote(raw)}`);
}

/** What `{name}` and `$name` stand for. */
export interface Values {
  readonly open: ReadonlyMap<string, unknown>;
  readonly secrets: ReadonlyMap<string, string>;
}

/**
 * Checks options and reads secrets.
 *
 * @throws CourierError USAGE; CONFIG or LOCAL about a secret
 */
export async function readValues(
  recipe: Recipe,
  raw: RawOptions,
  context: SecretContext & {
    readonly host: string | undefined;
    readonly address: string | undefined;
    readonly exchange?: Exchange | undefined;
  },
): Promise<Values> {
  const values = parseOptions(toOptions(recipe), raw);
  const open = new Map<string, unknown>();
  const secrets = new Map<string, string>();
  if (context.host !== undefined) open.set('host', context.host);
  if (context.address !== undefined) open.set('address', context.address);
  for (const [name, parameter] of Object.entries(recipe.parameters)) {
    if (parameter.type === 'secret') {
      const given = {
        [`${name}File`]: toPath(values[`${name}File`]),
        [`${name}Id`]: toPath(values[`${name}Id`]),
      };
      const secret = await readSecret(given, name, context);
      if (secret !== undefined) secrets.set(name, secret.reveal());
      else if (context.exchange?.isPlayedBack) secrets.set(name, `secret of ${name}`);
      else if (parameter.required) throw missingSecret(name);
    } else {
      const value = withDefault(values[name], parameter);
      if (value !== undefined) open.set(name, fillHosts(value, parameter, open));
    }
  }
  return { open, secrets };
}

function toPath(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function missingSecret(name: string): CourierError {
  const [file, id] = [toFlag(`${name}File`), toFlag(`${name}Id`)];
  return new CourierError('USAGE', `${file} or ${id} is missing`);
}

function withDefault(value: unknown, parameter: Parameter): unknown {
  if (parameter.type !== 'choices' && parameter.type !== 'list') return value;
  const given = Array.isArray(value) ? value.flat() : [];
  if (given.length > 0) return given;
  if (parameter.default !== undefined) return parameter.default;
  if (parameter.required) throw new CourierError('USAGE', 'a list is missing');
  return parameter.type === 'choices' ? parameter.of : [];
}

/** `{host}` and `{address}` in what is given or taken by default. */
function fillHosts(
  value: unknown,
  { type }: Pick<Parameter, 'type'>,
  open: ReadonlyMap<string, unknown>,
): unknown {
  if (Array.isArray(value)) return value.map((one) => fillHosts(one, { type: 'text' }, open));
  if (typeof value !== 'string') return value;
  return fillHost(value, open, type === 'url' ? encodeHost : (text) => text);
}

/** @throws CourierError USAGE where a name has no value */
function fillHost(
  text: string,
  open: ReadonlyMap<string, unknown>,
  encode: (value: string) => string,
): string {
  return text.replace(/\{(host|address)\}/g, (_, name: string) => {
    const value = open.get(name);
    if (typeof value !== 'string') {
      const missing = `${quote(text)} needs {${name}}, which is not known (${toFlag(name)})`;
      throw new CourierError('USAGE', missing);
    }
    return encode(value);
  });
}

function encodeHost(value: string): string {
  return value.includes(':') && !value.startsWith('[') ? `[${value}]` : encodeURIComponent(value);
}
