/** How a report gets out: as text, JSON or the line of a plug-in, and with which exit code. */

import { isatty, WriteStream } from 'node:tty';
import type { CommandContext } from '../cli/command.ts';
import { printJson } from '../cli/json-document.ts';
import type { DoctorDocument } from './document.ts';
import { toPlugin } from './plugin.ts';
import { Redaction } from './redact.ts';
import { type Manner, toText } from './text.ts';

export interface PrintOptions {
  readonly json: boolean;
  readonly redact: boolean;
  readonly facts: boolean;
  readonly quiet: boolean;
  readonly ascii: boolean;
  readonly plugin: boolean;
  readonly failOn: 'fault' | 'warning';
}

/** Prints a report on stdout alone, and sets the exit code by its cause. */
export async function print(
  found: DoctorDocument,
  port: number,
  options: PrintOptions,
  context: CommandContext,
): Promise<void> {
  const document = options.redact ? redact(found) : found;
  if (options.plugin) {
    const { line, exit } = toPlugin(document);
    await context.writeOutput(Buffer.from(line));
    return context.exitWith?.(exit);
  }
  if (options.json) await printJson(document, context);
  else await context.writeOutput(Buffer.from(toText(document, port, toManner(options, context))));
  const exit = exitOf(document, options);
  if (exit !== 0) context.exitWith?.(exit);
}

function redact(found: DoctorDocument): DoctorDocument {
  return new Redaction([found.host, found.address, found.site.name]).applyTo(found);
}

/** That of the cause; 1 for a step at which the doctor itself broke. */
export function exitOf(
  { verdict, cause, summary }: Pick<DoctorDocument, 'verdict' | 'cause' | 'summary'>,
  { failOn }: Pick<PrintOptions, 'failOn'>,
): number {
  const isBad = verdict === 'fault' || (verdict === 'warning' && failOn === 'warning');
  if (isBad) return cause?.exit ?? 8;
  return summary.crashed > 0 ? 1 : 0;
}

/** How a report is shown where it goes. */
export function toManner(
  { facts, quiet, ascii }: Pick<PrintOptions, 'facts' | 'quiet' | 'ascii'>,
  { env }: CommandContext,
): Manner {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  return {
    verbose: facts,
    quiet,
    ascii: ascii || !/utf-?8/i.test(locale),
    colour: isatty(1) && !env['NO_COLOR'] && env['TERM'] !== 'dumb',
    width: Number(env['COLUMNS']) || terminalWidth(),
  };
}

/** Shells keep COLUMNS to themselves as a rule. */
function terminalWidth(): number | undefined {
  if (!isatty(1)) return undefined;
  // Never ended: it would close the descriptor that the report goes out by.
  return new WriteStream(1).columns || undefined;
}
