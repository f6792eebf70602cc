/**
 * Writes sections. Whatever a peer says becomes rows of the section it is meant for: no value can
 * end a row, begin a section or speak for another host.
 */

import { toPiggybackedHost } from '../agent-output/piggybacked-host.ts';
import { CourierError, quote } from '../faults/errors.ts';
import { toMatcher } from '../routes/patterns.ts';
import { ByteCollector } from '../system/byte-collector.ts';

/** What stands in the header of a section. */
export interface SectionHeader {
  /** Letters, digits and `_`. */
  readonly name: string;
  /** The code of the character between fields; undefined for blanks. */
  readonly separator?: number | undefined;
  /** When what it says was asked, and how long that counts as fresh. */
  readonly cached?: { readonly sinceMs: number; readonly forMs: number } | undefined;
}

/** For which other hosts an agent may speak. */
export type HostGate = (name: string) => boolean;

/** A row: one text, or fields to be joined by the separator. */
export type Row = string | readonly string[];

export class SectionWriter {
  readonly #output = new ByteCollector();
  readonly #maxBytes: number;
  /** What was to be written: once that is too much, nothing more is taken. */
  #bytes = 0;
  #sections = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** How many sections there are, those for other hosts included. */
  get sections(): number {
    return this.#sections;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Writes a section of the host itself.
   *
   * @throws CourierError CONFIG for a name or separator that cannot be; TOO_LARGE
   */
  section(header: SectionHeader, rows: readonly Row[]): void {
    this.#write(toSection(header, rows));
  }

  /**
   * Writes a section for another host.
   *
   * @returns false when the gate does not let that host pass, or the site would ignore its name
   * @throws CourierError as `section`
   */
  piggyback(host: string, gate: HostGate, header: SectionHeader, rows: readonly Row[]): boolean {
    const name = toPiggybackedHost(Buffer.from(host));
    if (name === undefined || !gate(name)) return false;
    this.#write(`<<<<${name}>>>>\n${toSection(header, rows)}<<<<>>>>\n`);
    return true;
  }

  /** All of it; nothing may be written afterwards. */
  toBuffer(): Buffer {
    return this.#output.bytes();
  }

  #write(text: string): void {
    const piece = Buffer.from(text);
    this.#bytes += piece.length;
    if (this.#bytes > this.#maxBytes) {
      throw new CourierError(
        'TOO_LARGE',
        `more than the allowed ${this.#maxBytes} bytes of output`,
      );
    }
    this.#output.add(piece);
    this.#sections += 1;
  }
}

function toSection(header: SectionHeader, rows: readonly Row[]): string {
  const lines = rows.map((row) => `${cleanRow(row, header.separator)}\n`);
  return `${toHeader(header)}\n${lines.join('')}`;
}

function toHeader({ name, separator, cached }: SectionHeader): string {
  checkSectionName(name);
  const options = [
    ...(separator === undefined ? [] : [`sep(${separator})`]),
    ...(cached === undefined
      ? []
      : [
          `cached(${Math.floor(cached.sinceMs / 1000)},${Math.max(1, Math.round(cached.forMs / 1000))})`,
        ]),
  ];
  return `<<<${[name, ...options].join(':')}>>>`;
}

/** @throws CourierError CONFIG */
function checkSectionName(name: string): void {
  if (/^[A-Za-z0-9_]{1,120}$/.test(name)) return;
  throw new CourierError(
    'CONFIG',
    `a section is named by letters, digits and _, not ${quote(name)}`,
  );
}

/** What is no part of a text: control characters, and what Unicode has in place of line ends. */
const control = /[\p{Cc}\u2028\u2029]/gu;

/**
 * One row: control characters become blanks, the separator is struck from the fields it joins, and
 * what begins like a header is broken up.
 */
function cleanRow(row: Row, separator: number | undefined): string {
  const joint = separator === undefined ? ' ' : String.fromCharCode(separator);
  const text =
    typeof row === 'string'
      ? cleanText(row, joint)
      : row.map((field) => cleanField(field, joint)).join(joint);
  return breakUp(text, ' ');
}

/** What begins like a header, with something between. */
function breakUp(text: string, between: string): string {
  return text.replace(/<{3,}/g, (brackets) => brackets.split('').join(between));
}

/** A tab may be what separates. */
function cleanText(text: string, joint: string): string {
  return text
    .toWellFormed()
    .replace(control, (found) => (found === joint && joint !== '\n' ? found : ' '));
}

function cleanField(field: string, joint: string): string {
  const clean = field.toWellFormed().replace(control, ' ');
  // A blank would make two fields of one.
  return joint === ' '
    ? breakUp(clean.trim().replaceAll(' ', '_'), '_')
    : clean.replaceAll(joint, ' ');
}

/**
 * Lets hosts pass whose names fit a pattern: names, globs or /regular expressions/, as in routes.
 *
 * @throws CourierError USAGE for what is no pattern
 */
export function toHostGate(patterns: readonly string[]): HostGate {
  const fits = patterns.map((text) => toMatcher(text) ?? ((name: string) => name === text));
  return (name) => fits.some((fit) => fit(name));
}
