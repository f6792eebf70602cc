/** Forms that hosts send: strict, each field once and in its place (agent-updates.md#forms). */

import { type HostName, isHostName, parseHostName } from '../../names/host-name.ts';
import { Refusal } from '../../receiver/refusal.ts';
import { isStamp } from '../../sealing/stamp.ts';
import { nonceText } from '../documents/stamp.ts';
import { platformText } from '../documents/target.ts';
import { agentHashText, counterText, digestText } from '../documents/words.ts';

/** Bytes of a body. */
export const mostFormBytes = 4096;

/** Longest text of a fault, decoded. */
const longestError = 512;

const hostStates = ['new', 'idle', 'off', 'testing', 'installed', 'returned', 'failed'] as const;

const hostTransports = ['https', 'https-insecure', 'https-unchecked', 'http'] as const;

type Fits = (value: string) => boolean;

const matches =
  (text: RegExp): Fits =>
  (value) =>
    text.test(value);

const orNone =
  (text: RegExp): Fits =>
  (value) =>
    value === '-' || text.test(value);

const isOneOf =
  (words: readonly string[]): Fits =>
  (value) =>
    words.includes(value);

const requestCounter = /^\d{14}$/;

/** In the order of the protocol. */
const fieldsOfAll = {
  host: isHostName,
  counter: matches(requestCounter),
  previous: matches(requestCounter),
  nonce: matches(nonceText),
} as const;

const fieldsOfStanding = {
  platform: matches(platformText),
  'installed-hash': orNone(agentHashText),
  'installed-counter': matches(counterText),
  'root-version': matches(/^[1-9]\d{0,5}$/),
  state: isOneOf(hostStates),
  updater: matches(/^[1-9]\d{0,8}$/),
  time: isStamp,
  transport: isOneOf(hostTransports),
  refused: orNone(digestText),
  code: orNone(/^E-[A-Z0-9-]{1,30}$/),
  error: (value: string) => value.length <= longestError,
} as const;

const fieldsOfRegister = {
  platform: matches(platformText),
  by: isOneOf(['token', 'secret']),
} as const;

const formFields = {
  check: { ...fieldsOfAll, ...fieldsOfStanding },
  report: { ...fieldsOfAll, ...fieldsOfStanding },
  target: fieldsOfAll,
  package: fieldsOfAll,
  register: { ...fieldsOfAll, ...fieldsOfRegister },
} as const satisfies Record<string, Readonly<Record<string, Fits>>>;

export type FormKind = keyof typeof formFields;

/** What a form says, before anybody knows whether it is believed. */
export interface Form {
  readonly host: HostName;
  /** Of this request and of the one before, 14 digits. */
  readonly counter: string;
  readonly previous: string;
  readonly nonce: string;
  /** All values by their names, decoded. */
  readonly values: ReadonlyMap<string, string>;
  /** What the MAC is over, without method and path. */
  readonly signedText: string;
  /** 64 hexadecimal digits. */
  readonly mac: string;
}

const wholeForm = /^([^\n]*)&mac=([0-9a-f]{64})\n?$/;

/**
 * Takes a form apart.
 *
 * @throws Refusal 400 for anything but the fields of the kind, in their order
 */
export function readForm(bytes: Buffer, kind: FormKind): Form {
  const [, signedText = '', mac = ''] = wholeForm.exec(bytes.toString('latin1')) ?? [];
  if (mac === '') throw malformed('it does not end with a MAC');
  const pairs = signedText.split('&').map(toPair);
  const wanted: Readonly<Record<string, Fits>> = formFields[kind];
  const names = Object.keys(wanted);
  if (pairs.map(([name]) => name).join() !== names.join()) {
    throw malformed(`its fields are to be ${names.join(', ')}`);
  }
  const wrong = pairs.find(([name, value]) => wanted[name]?.(value) !== true);
  if (wrong !== undefined) throw malformed(`the value of ${wrong[0]} is none`);
  const values = new Map(pairs);
  const textOf = (name: string) => values.get(name) ?? '';
  return {
    host: parseHostName(textOf('host')),
    counter: textOf('counter'),
    previous: textOf('previous'),
    nonce: textOf('nonce'),
    ...{ values, signedText, mac },
  };
}

const encoded = /^(?:[A-Za-z0-9._~-]|%[2-7][0-9A-F])*$/;

function toPair(text: string): readonly [name: string, value: string] {
  const at = text.indexOf('=');
  const [name, raw] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 1 || !encoded.test(raw)) throw malformed('a field is not name=value, percent-encoded');
  const value = raw.replace(/%(..)/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  if (value.includes('\x7f')) throw malformed('a field has a byte that cannot be printed');
  return [name, value];
}

function malformed(how: string): Refusal {
  return new Refusal('malformed', `the form cannot be read: ${how}`);
}
