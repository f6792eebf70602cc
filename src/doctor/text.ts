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
  lines.push(...toSteps(document, subject, manner), '');
  const rows = [...lines.map((line) => fit(line, manner)), fit(`  ${verdict}`, manner, 2)];
  return `${rows.join('\n')}\n`;
}

/** When all is well, one line a side. */
function toSteps(
  { steps, verdict }: DoctorDocument,
  subject: Subject,
  manner: Manner,
): readonly string[] {
  if (manner.verbose) return steps.flatMap((step) => toLines(step, subject, manner));
  if (verdict !== 'ok') return shareLines(steps).flatMap((step) => toLines(step, subject, manner));
  const lines: string[] = [];
  for (const side of ['site', 'host'] as const) {
    const own = steps.filter((step) => step.side === side);
    const well = own.filter(({ status }) => status === 'ok').map(({ id }) => id);
    if (well.length > 0) lines.push(`  ${toSign('ok', manner)} ${side}  ${well.join(', ')}`);
    const open = shareLines(own.filter(({ status }) => status === 'unknown'));
    for (const step of open) lines.push(...toLines(step, subject, manner));
  }
  return lines;
}

const nameWidth = 13;
const textWidth = 52;
const timeWidth = 8;
/** Where texts begin. */
const textColumn = nameWidth + 5;

type Step = DoctorDocument['steps'][number];

/** Steps that nobody could look at for one and the same reason share one line. */
function shareLines(steps: readonly Step[]): readonly Step[] {
  const sharing = (one: Step) =>
    steps.filter(({ status, text }) => status === 'unknown' && text === one.text);
  return steps.flatMap((step) => {
    const same = step.status === 'unknown' ? sharing(step) : [step];
    if (same.length < 2) return [step];
    if (same[0] !== step) return [];
    const names = same.map(({ id }) => id).join(', ');
    const durationMs = Math.max(...same.map(({ duration_ms: ms }) => ms ?? 0));
    const text = `${step.text} (${names})`;
    return [{ ...step, id: `${same.length} steps`, text, duration_ms: durationMs }];
  });
}

function toLines(step: Step, subject: Subject, manner: Manner): readonly string[] {
  const { id, status, text, code, raw_error: said, duration_ms: durationMs } = step;
  const shown = status === 'skipped' ? `skipped: ${text}` : text;
  const time = durationMs === null || status === 'skipped' ? '' : toTime(durationMs);
  const line = `  ${toSign(status, manner)} ${id.padEnd(nameWidth)} ${shown.padEnd(roomFor(manner))} ${time}`;
  const rows = [line.trimEnd()];
  if (code !== null && isCause(code)) rows.push(...toAdvice(code, subject));
  if (said !== null && said !== text) rows.push(toRow('said', said));
  if (manner.verbose) rows.push(...toFacts(step));
  return rows;
}

/** For the text of a step, beside which stands its time. */
function roomFor({ width }: Manner): number {
  return width === undefined ? textWidth : Math.min(textWidth, width - textColumn - timeWidth - 1);
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
  return text.padStart(timeWidth);
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

function fit(line: string, { ascii, width }: Manner, indent = textColumn): string {
  const plain = ascii ? toAscii(line) : line;
  if (width === undefined || width < 40) return plain;
  // Colours take no room.
  const room = plain.replace(colours, '').length;
  return room <= width ? plain : wrap(plain, width, indent);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: what paints a terminal begins with one
const colours = /\u001b\[\d+m/g;

/** What is too long goes on below the text it belongs to. */
function wrap(line: string, width: number, indentWidth: number): string {
  const indent = ' '.repeat(indentWidth);
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
