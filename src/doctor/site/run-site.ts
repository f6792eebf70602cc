/** `doctor site`: looks, prints, packs. */

import type { CommandContext } from '../../cli/command.ts';
import { printJson } from '../../cli/json-document.ts';
import type { ConfigurationFile } from '../../service/configured-command.ts';
import type { DoctorDocument } from '../document.ts';
import { exitOf, toManner } from '../print.ts';
import { Redaction } from '../redact.ts';
import { toText } from '../text.ts';
import { examineInstallation } from './examine.ts';
import { findScene } from './find-scene.ts';

export interface SiteWish {
  readonly json: boolean;
  /** Whether to show what was seen at each step. */
  readonly facts: boolean;
  readonly quiet: boolean;
  readonly ascii: boolean;
  readonly redact: boolean;
  /** Where to write what support asks for. */
  readonly bundle: string | undefined;
  readonly deadlineMs: number;
  readonly failOn: 'fault' | 'warning';
  readonly collectorFile: ConfigurationFile;
}

/**
 * @returns the exit code
 * @throws CourierError LOCAL when the bundle cannot be written
 */
export async function runSite(wish: SiteWish, context: CommandContext): Promise<number> {
  const scene = findScene(context, wish.collectorFile);
  const { clock, shutdown } = context;
  const limits = { clock, shutdown, deadlineMs: wish.deadlineMs };
  const document = await examineInstallation(scene, limits);
  const shown = wish.redact ? redact(document) : document;
  if (wish.json) await printJson(shown, context);
  else await context.writeOutput(Buffer.from(toText(shown, 0, toManner(wish, context))));
  if (wish.bundle !== undefined) {
    const { writeBundle } = await import('./bundle.ts');
    const packed = await writeBundle(wish.bundle, document, scene);
    const lines = packed.map(({ name, bytes }) => `  ${String(bytes).padStart(8)}  ${name}`);
    const text = `\n${wish.bundle}:\n${lines.join('\n')}\n`;
    // Whoever reads the document gets nothing else on stdout.
    if (wish.json) context.writeError(text.trimStart());
    else await context.writeOutput(Buffer.from(text));
  }
  return exitOf(document, wish);
}

function redact(document: DoctorDocument): DoctorDocument {
  return new Redaction([document.host, document.site.name]).applyTo(document);
}
