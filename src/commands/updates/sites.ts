/** `cmk-courier updates sites`: which site hands updates on to which hosts. */

import { type CommandModule, defineCommand, defineGroup } from '../../cli/command.ts';
import { printJson } from '../../cli/json-document.ts';
import { type OptionTable, withFlag } from '../../cli/options.ts';
import { directoryOption } from '../../updates/repository/places.ts';
import { parseServer } from './root-init.ts';
import { requireOperands } from './root-options.ts';

const options = { dir: directoryOption } as const satisfies OptionTable;

const set: CommandModule = defineCommand({
  summary: 'name a site, its address as in the root, and the hosts that ask it first',
  usage: 'updates sites set NAME URL [HOST…]',
  examples: [
    [
      "updates sites set berlin https://berlin.example:8000/berlin 'ber-*' web01",
      'names and patterns; the first site that fits a host is its own',
    ],
  ],
  options,
  keepsFiles: { options: ['dir'] },
  run: async ([name = '', url = '', ...patterns], { dir }, context) => {
    requireOperands('updates sites set', [name, url].filter(Boolean), ['a name', 'an address']);
    const [{ setSite }, { updatePlaces }, { requireNewestRoot }] = await Promise.all([
      import('../../updates/server/site-verbs.ts'),
      import('../../updates/repository/places.ts'),
      import('../../updates/repository/root-files.ts'),
    ]);
    const server = withFlag('the address', () => parseServer(url));
    const places = updatePlaces(context.env, dir);
    const { root } = await requireNewestRoot(places);
    await setSite(places, { name, server, patterns }, context);
    const next = `no host is sent there yet: cmk-courier updates root server ${[...root.servers, server].join(' ')}`;
    const lines = [`${name}: ${server}`, ...(root.servers.includes(server) ? [] : [next])];
    await context.writeOutput(Buffer.from(`${lines.join('\n')}\n`));
  },
});

const remove: CommandModule = defineCommand({
  summary: 'its hosts ask the servers of the root in their order again',
  usage: 'updates sites remove NAME',
  examples: [['updates sites remove berlin', 'with their next request']],
  options,
  keepsFiles: { options: ['dir'] },
  run: async (operands, { dir }, context) => {
    requireOperands('updates sites remove', operands, ['the name of a site']);
    const [{ removeSite }, { updatePlaces }] = await Promise.all([
      import('../../updates/server/site-verbs.ts'),
      import('../../updates/repository/places.ts'),
    ]);
    await removeSite(updatePlaces(context.env, dir), operands[0] ?? '', context);
  },
});

const show: CommandModule = defineCommand({
  summary: 'sites, how many hosts each has, and how many of them asked elsewhere',
  usage: 'updates sites show',
  examples: [
    ['updates sites show --json', 'with every host: whose it is, and through whom it asked'],
  ],
  options: { json: { kind: 'switch', describe: 'print JSON' }, ...options },
  run: async (operands, { json, dir }, context) => {
    requireOperands('updates sites show', operands, []);
    const [{ reportSites, toSitesTable }, { updatePlaces }] = await Promise.all([
      import('../../updates/server/site-verbs.ts'),
      import('../../updates/repository/places.ts'),
    ]);
    const report = await reportSites(updatePlaces(context.env, dir), context.clock);
    if (json) return printJson(report, context);
    await context.writeOutput(Buffer.from(toSitesTable(report)));
  },
});

export const sites: CommandModule = defineGroup('updates sites', {
  summary: 'which site hands updates on to which hosts',
  examples: [
    ["updates sites set berlin https://berlin.example:8000/berlin 'ber-*'", 'hosts in Berlin'],
  ],
  commands: {
    set: { summary: set.summary, load: async () => set },
    remove: { summary: remove.summary, load: async () => remove },
    show: { summary: show.summary, load: async () => show },
  },
});
