/** `cmk-courier updates from-checkmk`: what Checkmk's own updater was told on a host, as a rule. */

import { type CommandModule, defineCommand } from '../../cli/command.ts';
import { parsePath } from '../../cli/option-types.ts';
import type { OptionTable } from '../../cli/options.ts';
import { CourierError, prefixError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';

const options = {
  certificates: {
    kind: 'value',
    placeholder: 'FILE',
    describe: 'write the certificates there that hosts trusted alone, in PEM',
    parse: parsePath,
  },
} as const satisfies OptionTable;

/** Settings of a host are a few kilobytes. */
const mostBytes = 1024 * 1024;

export const fromCheckmk: CommandModule = defineCommand({
  summary: "print what Checkmk's own updater is told on a host as a rule of updates.yaml",
  usage: 'updates from-checkmk FILE…',
  examples: [
    [
      'updates from-checkmk cmk-update-agent.cfg cmk-update-agent.state',
      'copies of the files of a host; what the first one says counts first',
    ],
  ],
  options,
  keepsFiles: { options: ['certificates'] },
  run: async (paths, { certificates: output }, context) => {
    if (paths.length === 0) {
      throw new CourierError(
        'USAGE',
        'updates from-checkmk needs a file, such as cmk-update-agent.cfg',
      );
    }
    const { takeOverSettings } = await import('../../updates/configuration/checkmk-updater.ts');
    const texts = await Promise.all(paths.map(readSettingsFile));
    const { yaml, certificates, notes } = takeOverSettings(texts);
    if (output !== undefined) {
      const { replaceFile } = await import('../../system/durable-files.ts');
      await replaceFile(output, certificates.map((pem) => `${pem.trim()}\n`).join(''));
    }
    const comments = notes.map((note) => `# ${note}\n`).join('');
    await context.writeOutput(Buffer.from(`${comments}${yaml}`));
  },
});

/** Nothing of it is run: it is read as a literal. */
async function readSettingsFile(path: string): Promise<string> {
  const [{ openFile, closeFile }, { readStart }, { readPythonLiteral }] = await Promise.all([
    import('../../files/file-calls.ts'),
    import('../../files/read-start.ts'),
    import('../../setup/python-literal/read.ts'),
  ]);
  const descriptor = await openFile(path, 'r').catch((error: unknown) => {
    throw asCourierError(error, `reading ${path}`);
  });
  const bytes = await readStart(descriptor, mostBytes + 1).finally(() => closeFile(descriptor));
  if (bytes.length > mostBytes) throw new CourierError('TOO_LARGE', `${path} is larger than 1 MiB`);
  const text = bytes.toString('utf8');
  try {
    readPythonLiteral(text);
    return text;
  } catch (error) {
    throw error instanceof CourierError ? prefixError(error, path) : error;
  }
}
