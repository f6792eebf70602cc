/** Rows of local checks by the services they are for (agent-output.md#local-checks). */

import { normalizeEncoding } from './encodings.ts';
import { parseAgentOutput, type Section } from './parser.ts';
import { PartialCopy } from './partial-copy.ts';
import type { HeaderOptions } from './section-header.ts';

/** Encodings in which ASCII has no other spelling. */
const plainEncodings = ['utf_8', 'utf8', 'ascii', 'us_ascii', 'latin_1', 'latin1', 'cp1252'];

/** Whether a name can be found in the bytes of rows, and is not put together from columns. */
export function areRowsReadable({ encoding, separator }: HeaderOptions): boolean {
  return plainEncodings.includes(normalizeEncoding(encoding)) && (separator ?? 0) === 0;
}

/** White space of all kinds, and in all encodings: of a row's bytes all that are no ASCII letters. */
export const white = '[^!-~\\n]';

const start = new RegExp(`^${white}*(?:cached\\([^)\\n]*\\)${white}*)?[!-~]+${white}+`);
const quoted = /^(["'])(.*?)\1/;

/** The service of a row, as Latin-1 and with single blanks; undefined when it names none. */
function serviceOf(row: string): string | undefined {
  const bare = row.replaceAll('\0', '');
  const rest = bare.slice(start.exec(bare)?.[0].length ?? bare.length);
  const name = quoted.exec(rest)?.[2] ?? /^\S+/.exec(rest)?.[0];
  return name?.trim().replace(/\s+/g, ' ');
}

/** A row of a local check, as offsets into the output. */
interface LocalRow {
  /** The service, told apart by the host it is for. */
  readonly key: string;
  readonly service: string;
  readonly start: number;
  readonly end: number;
}

/** The services that local checks in an output are for, each with the host it is for. */
export function findLocalServices(output: Buffer, host: string): ReadonlySet<string> {
  return new Set([...findRows(output, host)].map(({ key }) => key));
}

/**
 * Leaves out rows of services that are known.
 *
 * @returns the services, as people write them
 */
export function leaveOutKnown(
  output: Buffer,
  host: string,
  known: ReadonlySet<string>,
): { readonly output: Buffer; readonly services: readonly string[] } {
  if (known.size === 0) return { output, services: [] };
  const copy = new PartialCopy(output);
  const services: string[] = [];
  for (const row of findRows(output, host)) {
    if (!known.has(row.key)) continue;
    copy.leaveOut(row.start);
    copy.keep(row.end);
    services.push(row.service);
  }
  return { output: copy.finish(), services };
}

const headerStart = Buffer.from('<<<local');

function* findRows(output: Buffer, host: string): Generator<LocalRow> {
  if (!output.includes(headerStart)) return;
  for (const section of parseAgentOutput(output, host).sections) {
    if (section.name !== 'local' || section.owner.kind === 'ignored') continue;
    if (areRowsReadable(section.options)) yield* rowsOf(output, section, host);
  }
}

function* rowsOf(output: Buffer, { bodyStart, end, owner }: Section, host: string) {
  const isOther = owner.kind === 'piggybacked' && owner.host !== host;
  for (let from = bodyStart; from < end; ) {
    const found = output.indexOf('\n', from);
    const until = found === -1 || found >= end ? end : found + 1;
    const name = serviceOf(output.toString('latin1', from, Math.min(until, from + longestRead)));
    if (name !== undefined) {
      const service = Buffer.from(name, 'latin1').toString();
      yield { key: `${isOther ? owner.host : ''} ${name}`, service, start: from, end: until };
    }
    from = until;
  }
}

/** State and name stand at the start of a row, which may be very long. */
const longestRead = 4096;
