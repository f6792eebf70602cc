/** The report of the doctor for people: one line a step, the cause below it, the verdict last. */

import { type CauseCode, causes, isCause, pageOf } from './causes.ts';
import type { DoctorDocument } from './document.ts';
import type { Status } from './step.ts';
import { type Subject, toFixes } from './verdict.ts';

export interface Manner {
  readonly colour: boolean;
  /** No sign beyond ASCII. */
  readonly ascii: boolean;
  /** Columns of the terminal; lines are not broken where there is none. */
  readonly width: number | undefined;
  /** The facts of each step as well. */
  readonly verbose: boolean;
  /** The verdict alone. */
  readonly quiet: boolean;
}

const signs: Readonly<Record<Status, readonly [sign: string, plain: string, paint: number]>> = {
  ok: ['✔', '+', 32],
  warning: ['!', '!', 33],
  fault: ['✘', 'x', 31],
  crashed: ['✘', 'x', 31],
  skipped: ['–', '-', 2],
  unknown: ['?', '?', 36],
};

export function toText(document: DoctorDocument, port: number, manner: Manner): string {
  const verdict = toSentence(document);
  if (manner.quiet) return `${verdict}\n`;
  const subject = { host: document.host, address: document.address, port };
  const address = document.address === null ? '' : ` (${document.address})`;
  const lines = [`${document.host}${address}`, ''];
  if (document.original !== null) lines.push(`  Checkmk says  ${document.original.text}`, '');
  lines.push(...toSteps(document, subject, manner), '', `  ${verdict}`);
  return `${lines.map((line) => fit(line, manner)).join('\n')}\n`;
}

/** When all is well, one line a side. */
function toSteps(
  { steps, verdict }: DoctorDocument,
  subject: Subject,
  manner: Manner,
): readonly string[] {
  if (verdict !== 'ok' || manner.verbose) {
    return steps.flatMap((step) => toLines(step, subject, manner));
  }
  const lines: string[] = [];
  for (const side of ['site', 'host'] as const) {
    const own = steps.filter((step) => step.side === side);
    const well = own.filter(({ status }) => status === 'ok').map(({ id }) => id);
    if (well.length > 0) lines.push(`  ${toSign('ok', manner)} ${side}  ${well.join(', ')}`);
    const open = own.filter(({ status }) => status === 'unknown');
    for (const step of open) lines.push(...toLines(step, subject, manner));
  }
  return lines;
}

const nameWidth = 13;
const textWidth = 52;

type Step = DoctorDocument['steps'][number];

function toLines(step: Step, subject: Subject, manner: Manner): readonly string[] {
  const { id, status, text, code, raw_error: said, duration_ms: durationMs } = step;
  const shown = status === 'skipped' ? `skipped: ${text}` : text;
  const time = durationMs === null || status === 'skipped' ? '' : toTime(durationMs);
  const line = `  ${toSign(status, manner)} ${id.padEnd(nameWidth)} ${shown.padEnd(textWidth)} ${time}`;
  const rows = [line.trimEnd()];
  if (code !== null && isCause(code)) rows.push(...toAdvice(code, subject));
  if (said !== null && said !== text) rows.push(toRow('said', said));
  if (manner.verbose) rows.push(...toFacts(step));
  return rows;
}

function toAdvice(code: CauseCode, subject: Subject): readonly string[] {
  const fixes = toFixes(code, subject).map(({ side, command }) =>
    toRow('do', `on the ${side}: ${command}`),
  );
  return [toRow('cause', `${code}: ${causes[code].text}`), ...fixes, toRow('see', pageOf(code))];
}

function toFacts({ evidence, source }: Step): readonly string[] {
  const origin = source === 'probe' ? [] : [toFact('source', source)];
  const facts = Object.entries(evidence).map(([name, value]) =>
    toFact(name, Array.isArray(value) ? value.join(', ') : String(value)),
  );
  return [...origin, ...facts];
}

function toRow(name: string, text: string): string {
  return `    ${name.padEnd(nameWidth - 1)} ${text}`;
}

function toFact(name: string, text: string): string {
  return `      ${name.padEnd(nameWidth + 5)} ${text}`;
}

function toTime(durationMs: number): string {
  const text = durationMs < 1000 ? `${durationMs} ms` : `${(durationMs / 1000).toFixed(1)} s`;
  return text.padStart(8);
}

function toSign(status: Status, { ascii, colour }: Manner): string {
  const [sign, plain, paint] = signs[status];
  const shown = ascii ? plain : sign;
  return colour ? `\u001b[${paint}m${shown}\u001b[0m` : shown;
}

/** One or two sentences, and never more than was seen. */
export function toSentence({ host, verdict, cause, steps }: DoctorDocument): string {
  if (cause !== null) {
    const side = { site: 'on the site', path: 'on the way', host: 'on the host' }[cause.side];
    return `${host}: ${cause.text} (${cause.code}, ${side}).`;
  }
  const of = (wanted: Status) => steps.filter(({ status }) => status === wanted);
  const crashed = of('crashed').map(({ id }) => id);
  const broken = crashed.length === 0 ? '' : ` The doctor broke at ${crashed.join(', ')}: a bug.`;
  if (of('ok').length === 0) return `${host}: nobody could look at anything.${broken}`;
  const unseen = of('unknown').map(({ id }) => id);
  const rest = unseen.length === 0 ? '' : ` Nobody could look at: ${unseen.join(', ')}.`;
  if (verdict === 'fault' || verdict === 'warning') {
    return `${host}: something is wrong, and nobody can tell what.${rest}${broken}`;
  }
  const seen =
    verdict === 'unknown'
      ? 'what was looked at is well, but nobody saw its output'
      : 'nothing is wrong, as far as somebody could look';
  return `${host}: ${seen}.${rest}${broken}`;
}

function fit(line: string, { ascii, width }: Manner): string {
  const plain = ascii ? toAscii(line) : line;
  if (width === undefined || width < 40) return plain;
  // Colours take no room.
  const room = plain.replace(colours, '').length;
  return room <= width ? plain : wrap(plain, width);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: what paints a terminal begins with one
const colours = /\u001b\[\d+m/g;

/** What is too long goes on below the text it belongs to. */
function wrap(line: string, width: number): string {
  const indent = ' '.repeat(nameWidth + 5);
  const rows: string[] = [];
  let row = '';
  for (const word of line.trimEnd().split(/(?<=\S)(?= )/)) {
    if (row !== '' && (row + word).replace(colours, '').length > width) {
      rows.push(row);
      row = indent + word.trimStart();
    } else row += word;
  }
  return [...rows, row].join('\n');
}

function toAscii(line: string): string {
  return (
    line
      .replaceAll('…', '...')
      .replaceAll('→', '->')
      .replaceAll('¦', '|')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colours stay
      .replace(/[^\x20-\x7e\u001b]/g, '?')
  );
}
