/** `cmk-courier updates installer`: one script that makes a host one that updates itself. */

import { type CommandModule, defineCommand } from '../../cli/command.ts';
import { parsePath, parsePositiveDuration } from '../../cli/option-types.ts';
import type { OptionTable } from '../../cli/options.ts';
import { CourierError, quote } from '../../faults/errors.ts';
import { directoryOption } from '../../updates/repository/places.ts';
import { requireHostOperand } from './host-operand.ts';
import { parseServer } from './root-init.ts';

const options = {
  server: {
    kind: 'value',
    placeholder: 'URL',
    describe: 'where the host asks at first; the first server of the root unless given',
    parse: parseServer,
  },
  fingerprint: {
    kind: 'value',
    placeholder: 'HEX',
    describe: 'trust the certificate of the server with this SHA-256, whoever has signed it',
    parse: parseFingerprint,
  },
  allowHttp: {
    kind: 'switch',
    describe: 'let the host ask over plain http; signatures protect it, but nothing stays secret',
  },
  validFor: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'how long the script can be used',
    parse: parsePositiveDuration,
    fallback: '1h',
  },
  output: {
    kind: 'value',
    placeholder: 'FILE',
    describe: 'write it to a new file that nobody else can read, in place of stdout',
    parse: parsePath,
  },
  dir: directoryOption,
} as const satisfies OptionTable;

export const installer: CommandModule = defineCommand({
  summary:
    'print a script that installs the updater on a host, registers it, and installs its agent',
  usage: 'updates installer HOST',
  examples: [
    ['updates installer web01 | ssh root@web01 sh', 'over a way that is trusted already'],
    [
      'updates installer web01 --output=web01.sh',
      'to be carried there; its token is good for an hour',
    ],
  ],
  options,
  keepsFiles: { options: ['dir', 'output'] },
  run: async (operands, { dir, output, ...values }, context) => {
    const host = requireHostOperand('installer', operands);
    const [{ makeInstaller }, { updatePlaces }] = await Promise.all([
      import('../../updates/installing/making-installer.ts'),
      import('../../updates/repository/places.ts'),
    ]);
    const places = updatePlaces(context.env, dir);
    const script = await makeInstaller(places, { host, output, ...values }, context);
    await context.writeOutput(Buffer.from(script));
  },
});

/** As `openssl x509 -fingerprint -sha256` prints it, or without colons. */
function parseFingerprint(text: string): string {
  const digits = text
    .replace(/^(sha256:|SHA256 Fingerprint=)/i, '')
    .replaceAll(':', '')
    .toLowerCase();
  if (/^[0-9a-f]{64}$/.test(digits)) return digits;
  throw new CourierError('USAGE', `must be the SHA-256 of a certificate, not ${quote(text)}`);
}
