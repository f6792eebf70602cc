/** One question and its answer, as a file that people can read and edit. */

import { isUtf8 } from 'node:buffer';
import { CourierError, type FaultCode, faults } from '../../faults/errors.ts';
import { redactSecrets } from '../../faults/redaction.ts';
import type { ShownRequest } from '../exchange.ts';
import type { Reply } from '../recipe/step.ts';

/** How asking ended. */
export type Ended = { readonly reply: Reply } | { readonly error: CourierError };

/** Replaces what is not to be given away, such as names of hosts. */
export type Replace = (text: string) => string;

/**
 * Question lines begin with `>`, the head of the answer with `<`; then comes its body as it was, JSON
 * with line ends and indented. Each of several bodies begins with `=== NAME`. What was said and heard in
 * a dialogue follows its questions, a line with `|` each.
 */
export function toTranscript(request: ShownRequest, ended: Ended, replace: Replace): string {
  const shown = (text: string) => replace(redactSecrets(text));
  const asked = [
    request.line,
    ...request.headers,
    ...(request.body === '' ? [] : ['', ...request.body.split('\n')]),
  ];
  const lines = [
    ...asked.map((line) => `> ${shown(line)}`.trimEnd()),
    ...(request.spoken ?? []).map((line) => `| ${shown(line)}`),
  ];
  if ('error' in ended) {
    const { code, message } = ended.error;
    return `${[...lines, `! ${code} ${shown(message)}`].join('\n')}\n`;
  }
  const { reply } = ended;
  const head = [
    String(reply.status ?? 'said'),
    ...Object.entries(reply.headers ?? {}).flatMap(toHeader),
  ];
  const body = Buffer.isBuffer(reply.body)
    ? toText(reply.body)
    : Object.entries(reply.body)
        .map(([name, part]) => `=== ${name}\n${toText(part)}`)
        .join('\n');
  return `${[...lines, ...head.map((line) => `< ${shown(line)}`)].join('\n')}\n\n${shown(body)}`;
}

/** What says how the body came no longer holds for what is written. */
const leftOut: readonly string[] = [
  'content-length',
  'content-encoding',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'date',
  'set-cookie2',
  'authorization',
];

function toHeader([name, value]: readonly [string, string]): readonly string[] {
  if (leftOut.includes(name)) return [];
  // A cookie is a secret, whoever keeps it.
  const safe = name === 'set-cookie' ? value.replace(/=[^;]*/, '=[secret]') : value;
  return [`${name}: ${safe}`];
}

const base64Mark = 'base64:';

function toText(body: Buffer): string {
  if (!isUtf8(body)) return `${base64Mark}${body.toString('base64')}\n`;
  const text = body.toString();
  return toPrettyJson(text) ?? text;
}

const longestPretty = 2_000_000;

/** Numbers that would not survive stay as they were sent. */
function toPrettyJson(text: string): string | undefined {
  if (text.length > longestPretty || !/^\s*[[{]/.test(text) || /\d{16}/.test(text))
    return undefined;
  try {
    return `${JSON.stringify(JSON.parse(text), null, 2)}\n`;
  } catch {
    return undefined;
  }
}

/** A transcript that was read: what was asked, by its first line, and how that ended. */
export interface Transcript {
  readonly line: string;
  readonly ended: Ended;
  /** What was said and heard in a dialogue. */
  readonly spoken: readonly string[];
}

/** @throws CourierError CONFIG for a file that is none */
export function readTranscript(text: string, name: string): Transcript {
  const [head = '', ...rest] = text.split('\n\n');
  const lines = head.split('\n');
  const line = /^> (.+)$/.exec(lines[0] ?? '')?.[1];
  if (line === undefined)
    throw wrong(name, 'its first line is no question, such as "> GET https://…"');
  const spoken = lines.filter((one) => one.startsWith('| ')).map((one) => one.slice(2));
  const fault = lines.find((one) => one.startsWith('! '));
  if (fault !== undefined) {
    const [, code = '', message = ''] = /^! ([A-Z_]+) (.*)$/.exec(fault) ?? [];
    if (!isFaultCode(code)) throw wrong(name, 'a fault is "! CODE what failed"');
    return { line, spoken, ended: { error: new CourierError(code, message) } };
  }
  const answer = lines.filter((one) => one.startsWith('< ')).map((one) => one.slice(2));
  const [status, ...headers] = answer;
  if (status === undefined) throw wrong(name, 'there is no answer, such as "< 200"');
  const body = rest.join('\n\n');
  const reply: Reply = {
    place: line,
    ...(/^\d+$/.test(status) ? { status: Number(status) } : {}),
    headers: Object.fromEntries(headers.map(splitHeader)),
    body: status === 'said' ? splitParts(body) : fromText(body),
  };
  return { line, spoken, ended: { reply } };
}

function wrong(name: string, why: string): CourierError {
  return new CourierError('CONFIG', `${name}: ${why}`);
}

function isFaultCode(code: string): code is FaultCode {
  return Object.hasOwn(faults, code);
}

function splitHeader(line: string): readonly [string, string] {
  const [name = '', ...value] = line.split(': ');
  return [name.toLowerCase(), value.join(': ')];
}

function splitParts(body: string): Readonly<Record<string, Buffer>> {
  const parts = body.split(/^=== /m).filter((part) => part !== '');
  return Object.fromEntries(
    parts.map((part) => {
      const [name = '', ...lines] = part.split('\n');
      return [name.trim(), fromText(lines.join('\n'))] as const;
    }),
  );
}

function fromText(text: string): Buffer {
  return text.startsWith(base64Mark)
    ? Buffer.from(text.slice(base64Mark.length), 'base64')
    : Buffer.from(text);
}
