/** `cmk-courier updates root server`, `ca` and `renew`. */

import { type CommandModule, defineCommand } from '../../cli/command.ts';
import { withFlag } from '../../cli/options.ts';
import { CourierError } from '../../faults/errors.ts';
import { parseServer } from './root-init.ts';
import { requireOperands, rootOptions } from './root-options.ts';

export const server: CommandModule = defineCommand({
  summary: 'say at which addresses hosts ask',
  usage: 'updates root server URL…',
  examples: [
    [
      'updates root server https://new.example:8444 https://old.example:8444',
      'both for a while: hosts go back to the old one until the new one has answered',
    ],
    ['updates root server https://new.example:8444', 'once all hosts ask there'],
  ],
  options: rootOptions,
  keepsFiles: { options: ['dir'] },
  run: async (operands, values, context) => {
    if (operands.length === 0) {
      throw new CourierError('USAGE', 'updates root server needs an address');
    }
    const urls = operands.map((text) => withFlag('an address', () => parseServer(text)));
    const [{ changeRoot }, { withServers }] = await Promise.all([
      import('../../updates/trust/root-verbs.ts'),
      import('../../updates/trust/root-changes.ts'),
    ]);
    await changeRoot(withServers([...new Set(urls)]), values, context);
  },
});

export const authorities: CommandModule = defineCommand({
  summary: 'say which authorities hosts trust for https, and no others',
  usage: 'updates root ca FILE… | none',
  examples: [
    ['updates root ca site-ca.pem', 'only servers with a certificate of it are spoken to'],
    ['updates root ca none', 'what the tools of the host trust'],
  ],
  options: rootOptions,
  keepsFiles: { options: ['dir'] },
  run: async (operands, values, context) => {
    if (operands.length === 0) {
      throw new CourierError('USAGE', 'updates root ca needs a file with certificates, or `none`');
    }
    const [{ changeRoot }, { withAuthorities }, { readAuthorities }] = await Promise.all([
      import('../../updates/trust/root-verbs.ts'),
      import('../../updates/trust/root-changes.ts'),
      import('../../updates/trust/authority-files.ts'),
    ]);
    const isNone = operands.length === 1 && operands[0] === 'none';
    const all = isNone ? [] : await readAuthorities(operands);
    await changeRoot(withAuthorities(all), values, context);
  },
});

export const renew: CommandModule = defineCommand({
  summary: 'the same again, with a later end',
  usage: 'updates root renew',
  examples: [['updates root renew --valid=1095d', 'good for three years from now on']],
  options: rootOptions,
  keepsFiles: { options: ['dir'] },
  run: async (operands, values, context) => {
    requireOperands('updates root renew', operands, []);
    const { changeRoot } = await import('../../updates/trust/root-verbs.ts');
    await changeRoot((root) => root, values, context);
  },
});
