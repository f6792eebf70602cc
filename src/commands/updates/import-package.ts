/** `cmk-courier updates import-package`: takes a package that somebody else made, as it is. */

import { type CommandModule, defineCommand } from '../../cli/command.ts';
import { parseText } from '../../cli/option-types.ts';
import type { OptionTable } from '../../cli/options.ts';
import { CourierError } from '../../faults/errors.ts';
import { directoryOption } from '../../updates/repository/places.ts';

const options = {
  agentVersion: {
    kind: 'value',
    placeholder: 'VERSION',
    describe: 'of the agent in it; as the name of the file says unless given',
    parse: parseText,
  },
  confidential: {
    kind: 'switch',
    describe: 'it holds secrets, and never travels over plain http',
  },
  json: { kind: 'switch', describe: 'print JSON' },
  dir: directoryOption,
} as const satisfies OptionTable;

export const importPackage: CommandModule = defineCommand({
  summary: 'take a package that somebody else made, to be signed and installed as it is',
  usage: 'updates import-package FILE',
  examples: [
    [
      'updates import-package check-mk-agent_2.4.0p1-1_all.deb',
      'hosts get it by `package: check-mk-agent_2.4.0p1-1_all.deb` in updates.yaml',
    ],
  ],
  options,
  keepsFiles: { options: ['dir'] },
  run: async ([path, extra], { agentVersion, confidential, json, dir }, context) => {
    if (path === undefined || extra !== undefined) {
      throw new CourierError('USAGE', 'one FILE must be named');
    }
    const { importForeign } = await import('../../updates/baking/foreign.ts');
    const { updatePlaces } = await import('../../updates/repository/places.ts');
    const places = updatePlaces(context.env, dir);
    const imported = await importForeign(places, { path, agentVersion, confidential }, context);
    const { agentHash, platform, file } = imported;
    const text = json
      ? `${JSON.stringify(imported, null, 2)}\n`
      : `${agentHash} ${platform}: hosts get it by \`package: ${file}\` in updates.yaml\n`;
    await context.writeOutput(Buffer.from(text));
  },
});
