/** `cmk-courier updates root init` and `show`. */

import { type CommandModule, defineCommand } from '../../cli/command.ts';
import { parseNumberWithin, parsePath } from '../../cli/option-types.ts';
import type { OptionTable } from '../../cli/options.ts';
import { CourierError, quote } from '../../faults/errors.ts';
import { serverText } from '../../updates/documents/root.ts';
import { directoryOption } from '../../updates/repository/places.ts';
import { requireOperands, rootOptions } from './root-options.ts';

const initOptions = {
  server: {
    kind: 'list',
    placeholder: 'URL',
    describe: 'where hosts ask, such as https://site.example:8444; the first one is asked first',
    parse: parseServer,
  },
  ca: {
    kind: 'list',
    placeholder: 'FILE',
    describe:
      'certificates (PEM) that alone are trusted for https; what the host trusts unless given',
    parse: parsePath,
  },
  ...rootOptions,
} as const satisfies OptionTable;

/** @throws CourierError USAGE */
export function parseServer(text: string): string {
  const url = text.replace(/\/$/, '');
  if (serverText.test(url)) return url;
  const wanted = 'an address such as https://site.example:8444, without user, `?` and `#`';
  throw new CourierError('USAGE', `must be ${wanted}, not ${quote(text)}`);
}

export const init: CommandModule = defineCommand({
  summary: 'make the first root, with a key that signs everything',
  usage: 'updates root init',
  examples: [
    [
      'updates root init --server=https://site.example:8444',
      'makes the key "main", asks for its passphrase, and makes the stamp key of the server',
    ],
    [
      'updates root init --server=https://site.example:8444 --key=ada',
      'with another name for the key, or with a key that `updates keys` made',
    ],
  ],
  options: initOptions,
  keepsFiles: { options: ['dir'] },
  run: async (operands, values, context) => {
    requireOperands('updates root init', operands, []);
    if (values.server.length === 0) throw new CourierError('USAGE', '--server is missing');
    const { initRoot } = await import('../../updates/trust/first-root.ts');
    await initRoot(values, context);
  },
});

const showOptions = {
  version: {
    kind: 'value',
    placeholder: 'NUMBER',
    describe: 'an older root',
    parse: parseNumberWithin(1, 999_999_999),
  },
  json: { kind: 'switch', describe: 'print JSON' },
  dir: directoryOption,
} as const satisfies OptionTable;

export const show: CommandModule = defineCommand({
  summary: 'show what hosts trust, and what ends soon',
  usage: 'updates root show',
  examples: [['updates root show --json', 'for programs']],
  options: showOptions,
  run: async (operands, values, context) => {
    requireOperands('updates root show', operands, []);
    const { showRoot } = await import('../../updates/trust/show-root.ts');
    await showRoot(values, context);
  },
});
