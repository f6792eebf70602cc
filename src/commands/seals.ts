/** `cmk-courier seals`: whose seal is believed for which host. */

import { type CommandContext, type CommandModule, defineCommand } from '../cli/command.ts';
import { parseDurationOrUnlimited, parsePath, parseText } from '../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../cli/options.ts';
import { chooseVerb } from '../cli/verbs.ts';
import { CourierError, quote } from '../faults/errors.ts';
import { parseHostName } from '../names/host-name.ts';
import { isDay, isLabel } from '../sealing/enrolment.ts';

const options = {
  label: {
    kind: 'value',
    placeholder: 'TEXT',
    describe: 'with enroll: what the key is called in lines and services; its host unless given',
    parse: parseLabel,
  },
  until: {
    kind: 'value',
    placeholder: 'DAY',
    describe:
      'with enroll: the last day the key is good, such as 2027-11-28; for ever unless given',
    parse: parseDay,
  },
  optionalUntil: {
    kind: 'value',
    placeholder: 'DAY',
    describe: 'with enroll: up to that day output without a seal passes as well, for a change-over',
    parse: parseDay,
  },
  piggyback: {
    kind: 'list',
    placeholder: 'PATTERN',
    describe: 'with enroll and allow: names of other hosts that sealed piggyback may be for',
    parse: parsePattern,
  },
  secret: {
    kind: 'switch',
    describe: 'with enroll: make a shared secret and show it, for hosts without openssl',
  },
  from: {
    kind: 'value',
    placeholder: 'DIR',
    describe: 'with enroll: take the keys of many hosts, each from HOST.pub',
    parse: parsePath,
  },
  fingerprint: {
    kind: 'list',
    placeholder: 'SHA256:…',
    describe: 'with enroll and allow: take the key that has it without asking, and no other',
    parse: parseText,
  },
  yes: { kind: 'switch', describe: 'ask nothing; allow wants --fingerprint instead' },
  renew: { kind: 'switch', describe: 'with init: make another key pair beside the one there is' },
  json: { kind: 'switch', describe: 'with list and pending: print JSON' },
  host: {
    kind: 'value',
    placeholder: 'HOST',
    describe: 'with open: for which host the drop is tried; the one it names unless given',
    parse: parseHostName,
  },
  maxAge: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'with open: how old the drop may be',
    parse: parseDurationOrUnlimited,
    fallback: '5m',
  },
  state: {
    kind: 'value',
    placeholder: 'DIR',
    describe: 'with pending, allow and deny: where the receiver keeps keys that wait',
    parse: parsePath,
  },
} as const satisfies OptionTable;

export type SealsOptions = OptionValues<typeof options>;

export const seals: CommandModule = defineCommand({
  summary: 'say whose seal is believed for which host, and look into sealed drops',
  usage:
    'seals init | enroll HOST KEY.pub… | pending | allow HOST | deny HOST | list | show HOST | revoke HOST [KEY] | forget HOST | backup FILE | open FILE',
  examples: [
    ['seals init', 'make the key pair of the site, and print the public half for hosts'],
    ['seals enroll web01 web01.pub', 'show the key, ask, and believe web01 only what it seals'],
    ["seals enroll esx1 esx1.pub --piggyback='vm*'", 'which may also speak for its machines'],
    ['seals enroll web01 --secret', 'a shared secret, for a host without openssl'],
    ['seals enroll --from=keys/', 'many hosts at once, from files HOST.pub'],
    ['seals pending', 'keys that hosts have handed in through the receiver'],
    ['seals allow web01', 'one of them, once its fingerprint has been compared'],
    ['seals revoke web01 SHA256:…', 'the key that was before'],
    ['seals open drop', 'what is in a drop, and where it would be refused'],
  ],
  options,
  keepsFiles: {
    options: ['state'],
    verbs: ['init', 'enroll', 'allow', 'deny', 'revoke', 'forget'],
  },
  run,
});

async function run(
  [verb, ...names]: readonly string[],
  values: SealsOptions,
  context: CommandContext,
): Promise<void> {
  const act = chooseVerb(verbs, verb);
  const { Administration } = await import('../receiver/administration/seals.ts');
  await act({ values, names, administration: new Administration(values, context) });
}

interface Task {
  readonly values: SealsOptions;
  readonly names: readonly string[];
  readonly administration: import('../receiver/administration/seals.ts').Administration;
}

type Verb = (task: Task) => Promise<void>;

const verbs: Readonly<Record<string, Verb>> = {
  init: ({ names, administration }) => {
    requireNone('init', names);
    return administration.init();
  },
  enroll: ({ names, administration }) => administration.enroll(names),
  pending: ({ names, administration }) => {
    requireNone('pending', names);
    return administration.pending();
  },
  allow: ({ names, administration }) => administration.allow(requireHosts('allow', names)),
  deny: ({ names, administration }) => administration.deny(requireHosts('deny', names)),
  list: ({ names, administration }) => {
    requireNone('list', names);
    return administration.list();
  },
  show: ({ names, administration }) => administration.show(requireOne('show', names, 'a host')),
  revoke: ({ names, administration }) => {
    const [name, key, ...more] = names;
    requireOne('revoke', [name ?? '', ...more].filter(Boolean), 'a host');
    return administration.revoke(name ?? '', key);
  },
  forget: ({ names, administration }) =>
    administration.forget(requireOne('forget', names, 'a host')),
  backup: ({ names, administration }) =>
    administration.backup(requireOne('backup', names, 'a file')),
  open: ({ names, administration }) => administration.open(requireOne('open', names, 'a file')),
};

function requireNone(verb: string, names: readonly string[]): void {
  if (names.length > 0) throw new CourierError('USAGE', `${verb} takes no names`);
}

function requireHosts(verb: string, names: readonly string[]): readonly string[] {
  if (names.length > 0) return names;
  throw new CourierError('USAGE', `${verb} needs a host; \`cmk-courier seals pending\` shows them`);
}

function requireOne(verb: string, names: readonly string[], what: string): string {
  const [name, second] = names;
  if (name !== undefined && second === undefined) return name;
  throw new CourierError(
    'USAGE',
    `${verb} needs ${what}${second === undefined ? '' : ', just one'}`,
  );
}

function parseLabel(text: string): string {
  if (isLabel(text)) return text;
  throw new CourierError('USAGE', `must be up to 80 characters of ASCII, not ${quote(text)}`);
}

function parseDay(text: string): string {
  if (isDay(text)) return text;
  throw new CourierError('USAGE', `must be a day such as 2027-11-28, not ${quote(text)}`);
}

/** A host name or a pattern of host names, as in an enrolment. */
function parsePattern(text: string): string {
  if (text.length <= 240 && /^[\w.:%*?-]+$/.test(text)) return text;
  throw new CourierError(
    'USAGE',
    `must be a host name or a pattern such as vm*, not ${quote(text)}`,
  );
}
