/**
 * The state table once more (agent-output.md#states), line by line and as plainly as possible.
 * Slow; what the real parser is measured against.
 */

import { isKnownEncoding } from '../../src/agent-output/encodings.ts';

export interface ReferenceSection {
  /** `main`, `ignored`, or `host:` and the piggybacked host. */
  readonly owner: string;
  readonly name: string;
  readonly start: number;
  /** The header with its line end, and everything up to where the section ends, in Latin-1. */
  readonly header: string;
  body: string;
}

export interface ReferenceOutput {
  readonly sections: readonly ReferenceSection[];
  /** The owner of each piggyback block, in order. */
  readonly blocks: readonly string[];
  /** Lines with the main host's own name that open a block nevertheless. */
  readonly ownBlocks: readonly number[];
  /** Lines of headers that are none, and why. */
  readonly invalid: readonly { line: number; rule: string }[];
}

type Place = 'none' | 'main section' | 'pb, no section' | 'pb section' | 'ignored host';

export function parseSlowly(output: Buffer, mainHost?: string): ReferenceOutput {
  const sections: ReferenceSection[] = [];
  const blocks: string[] = [];
  const ownBlocks: number[] = [];
  const invalid: { line: number; rule: string }[] = [];
  let place: Place = 'none';
  let host = '';
  let current: ReferenceSection | undefined;
  let start = 0;
  const lines = output.toString('latin1').split(/(?<=\n)/);
  for (const [index, whole] of lines.entries()) {
    const line = whole.replace(/\n$/, '').replace(/\r+$/, '');
    if (line === '<<<<>>>>') {
      place = 'none';
      current = undefined;
    } else if (/^<<<<.+>>>>$/s.test(line)) {
      const name = translate(line.slice(4, -4));
      if (name !== undefined && name === mainHost && place !== 'pb section') {
        if (place === 'main section' && current) {
          current.body += whole;
        } else {
          place = 'none';
          current = undefined;
        }
      } else {
        place = name === undefined ? 'ignored host' : 'pb, no section';
        host = name ?? '';
        current = undefined;
        if (name !== undefined && name === mainHost) ownBlocks.push(index + 1);
        blocks.push(name === undefined ? 'ignored' : `host:${name}`);
      }
    } else if (line === '<<<>>>' || /^<<<:.*>>>$/s.test(line)) {
      if (place === 'main section') place = 'none';
      if (place === 'pb section') place = 'pb, no section';
      current = undefined;
    } else if (/^<<<.*>>>$/s.test(line)) {
      const rule = findFault(line.slice(3, -3));
      if (rule) {
        invalid.push({ line: index + 1, rule });
        place = 'none';
        current = undefined;
      } else {
        if (place === 'none') place = 'main section';
        if (place === 'pb, no section') place = 'pb section';
        const owners = {
          'main section': 'main',
          'pb section': `host:${host}`,
          'ignored host': 'ignored',
        };
        const name = line.slice(3, -3).split(':')[0] ?? '';
        current = { owner: owners[place], name, start, header: whole, body: '' };
        sections.push(current);
      }
    } else if (current) {
      current.body += whole;
    }
    start += whole.length;
  }
  return { sections, blocks, ownBlocks, invalid };
}

/** Steps 1, 3 and 4 of the name handling (agent-output.md#piggyback-names). */
function translate(raw: string): string | undefined {
  const bytes = Buffer.from(raw, 'latin1');
  const text = decode(bytes) ?? raw;
  const white =
    '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+';
  const stripped = text.replace(new RegExp(`^${white}`), '').replace(new RegExp(`${white}$`), '');
  const name = [...stripped]
    .map((point) => (/^[-0-9a-zA-Z_.]$/.test(point) ? point : '_'))
    .join('');
  return /^[0-9a-zA-Z_]/.test(name) && name.length <= 240 ? name : undefined;
}

function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function findFault(raw: string): string | undefined {
  if (raw.length + 6 > 65_536) return 'header-too-long';
  const text = decode(Buffer.from(raw, 'latin1'));
  if (text === undefined) return 'invalid-utf-8';
  const [name = '', ...parts] = text.split(':');
  if (!/^[A-Za-z0-9_]+$/.test(name)) return 'invalid-name';
  const options: Record<string, string> = {};
  for (const part of parts) {
    const [, option, value] = /^([^(]*)\((.*)\)$/s.exec(part) ?? [];
    if (option !== undefined && value !== undefined) options[`option ${option}`] = value;
  }
  const { 'option cached': cached, 'option persist': persist, 'option sep': sep } = options;
  if (cached !== undefined) {
    const parts = cached.split(',');
    if (parts.length < 2 || !parts.every(isInteger)) return 'invalid-cached';
  }
  if (persist !== undefined && !isInteger(persist)) return 'invalid-persist';
  if (sep !== undefined) {
    if (!isInteger(sep)) return 'invalid-sep';
    const point = BigInt(sep.replaceAll('_', '').replace('+', '').replace(/^-/, '').trim());
    const isNegative = sep.includes('-') && point !== 0n;
    if (isNegative || point > 0x10ffffn) return 'invalid-sep';
  }
  return isKnownEncoding(options['option encoding'] ?? 'utf-8') ? undefined : 'unknown-encoding';
}

function isInteger(text: string): boolean {
  const white = '[\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+';
  const stripped = text.replace(new RegExp(`^${white}|${white}$`, 'g'), '');
  return /^[+-]?\p{Nd}+(_\p{Nd}+)*$/u.test(stripped);
}
