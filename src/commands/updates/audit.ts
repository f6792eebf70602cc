/** `cmk-courier updates audit`: who decided what, and when. */

import { type CommandModule, defineCommand } from '../../cli/command.ts';
import { printJson } from '../../cli/json-document.ts';
import { parseNumberWithin } from '../../cli/option-types.ts';
import type { OptionTable } from '../../cli/options.ts';
import { CourierError, quote } from '../../faults/errors.ts';
import { directoryOption } from '../../updates/repository/places.ts';

const options = {
  last: {
    kind: 'value',
    placeholder: 'NUMBER',
    describe: 'how many of the newest entries',
    parse: parseNumberWithin(1, 1_000_000),
    fallback: '50',
  },
  json: { kind: 'switch', describe: 'print JSON' },
  dir: directoryOption,
} as const satisfies OptionTable;

export const audit: CommandModule = defineCommand({
  summary: 'who decided what, and when',
  usage: 'updates audit',
  examples: [['updates audit --last=10', 'the ten newest decisions, the oldest of them first']],
  options,
  run: async ([extra], { last, json, dir }, context) => {
    if (extra !== undefined) {
      throw new CourierError('USAGE', `updates audit takes no ${quote(extra)}`);
    }
    const [{ readAudit }, { updatePlaces }] = await Promise.all([
      import('../../updates/repository/audit.ts'),
      import('../../updates/repository/places.ts'),
    ]);
    const entries = (await readAudit(updatePlaces(context.env, dir))).slice(-last);
    if (json) return printJson({ entries }, context);
    const lines = entries.map(
      ({ time, user, what, before, after }) => `${time} ${user}: ${what}: ${before} → ${after}\n`,
    );
    await context.writeOutput(Buffer.from(lines.join('')));
  },
});
