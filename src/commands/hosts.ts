/** `cmk-courier hosts`: who may send to the receiver, and who asks to. */

import { type CommandContext, type CommandModule, defineCommand } from '../cli/command.ts';
import { parseOneOf, parsePath, parsePositiveDuration, parseText } from '../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../cli/options.ts';
import { chooseVerb } from '../cli/verbs.ts';
import { CourierError, quote } from '../faults/errors.ts';
import { parseHostName } from '../names/host-name.ts';
import type { Outcome } from '../receiver/administration/state.ts';
import { receiverPlaces } from '../receiver/options.ts';
import { parsePattern } from '../receiver/patterns.ts';

const options = {
  state: {
    kind: 'value',
    placeholder: 'DIR',
    describe: 'where the receiver keeps hosts, users and tokens',
    parse: parsePath,
  },
  certificates: {
    kind: 'value',
    placeholder: 'DIR',
    describe: 'with certificate and revoke: where the receiver keeps its certificates',
    parse: parsePath,
  },
  spool: {
    kind: 'value',
    placeholder: 'DIR',
    describe: 'with list: the spool of the receiver, where hosts of relays are remembered',
    parse: parsePath,
  },
  json: { kind: 'switch', describe: 'with list and certificate: print JSON' },
  piggyback: {
    kind: 'list',
    placeholder: 'PATTERN',
    describe: 'with allow, token and certificate: names of other hosts piggyback may be for',
    parse: parsePattern,
  },
  as: {
    kind: 'value',
    placeholder: 'HOST',
    describe: 'with allow: register the host under this name',
    parse: parseHostName,
  },
  reason: {
    kind: 'value',
    placeholder: 'TEXT',
    describe: 'with deny: what the host is told',
    parse: parseText,
  },
  registration: {
    kind: 'switch',
    describe: 'with token: one that registers one host, once (cmk-agent-ctl register --ott)',
  },
  user: {
    kind: 'value',
    placeholder: 'NAME',
    describe: 'with token: a user with a password, who may register hosts and upload',
    parse: parseText,
  },
  name: {
    kind: 'value',
    placeholder: 'TEXT',
    describe: 'with token and certificate: what hosts list calls it, such as "backup of web01"',
    parse: parseTokenName,
  },
  mode: {
    kind: 'value',
    placeholder: 'MODE',
    describe: 'with token: push-agent or pull-agent, which hosts registered with it shall be',
    parse: parseOneOf('push-agent', 'pull-agent'),
    fallback: 'push-agent',
  },
  valid: {
    kind: 'value',
    placeholder: 'DURATION',
    describe:
      'with token and certificate: how long; for ever unless given, a registration token 7d, one certificate 60 months',
    parse: parsePositiveDuration,
  },
  request: {
    kind: 'value',
    placeholder: 'FILE',
    describe:
      'with certificate: a signing request, PEM, whose private key stays where it is; its subject does not count',
    parse: parsePath,
  },
  renew: {
    kind: 'value',
    placeholder: 'NAME|UUID',
    describe:
      'with certificate: a further one with the rights of this one, which stays good until it expires',
    parse: parseText,
  },
  forget: {
    kind: 'switch',
    describe: 'with revoke: leave the certificates good, so that the host may register by itself',
  },
} as const satisfies OptionTable;

export type HostsOptions = OptionValues<typeof options>;

export const hosts: CommandModule = defineCommand({
  summary: 'list, allow, deny and revoke hosts that send to the receiver; tokens and certificates',
  usage:
    'hosts list | allow NAME… | deny NAME… | token PATTERN… | certificate PATTERN… | revoke NAME…',
  examples: [
    ['hosts list', 'registered hosts, requests that wait, users and tokens'],
    ['hosts allow web01', 'a host that asked to be registered, by name or UUID'],
    ['hosts token web01', 'a token to upload the output of web01 with'],
    ["hosts token --name=far1 'far-*'", 'a token for the relay far1, which may write for these'],
    [
      "hosts certificate --name=far1 'far-*' > far1.pem",
      'the same as a client certificate with its key; its rights lie at the receiver',
    ],
    [
      "hosts certificate --name=far1 --request=far1.csr 'far-*' > far1.crt",
      'for a key that was made at the relay, and stays there',
    ],
    [
      'hosts certificate --renew=far1 > far1.pem',
      'before it expires; the relay reads it by itself',
    ],
    ["hosts token --registration 'web*'", 'a token to register one of these hosts with'],
    ["hosts token --user=ansible '*'", 'a user, with a new password'],
    [
      'hosts revoke web01',
      'nothing writes for it from now on, by certificate or token of its own; also a user, token or certificate',
    ],
  ],
  options,
  keepsFiles: { options: ['state', 'certificates'] },
  run,
});

async function run(
  [verb, ...names]: readonly string[],
  values: HostsOptions,
  context: CommandContext,
): Promise<void> {
  const act = chooseVerb(verbs, verb);
  const places = receiverPlaces(values, context.env);
  const done = await act({ values, names, places, context });
  const { text, fault } = typeof done === 'string' ? { text: done, fault: undefined } : done;
  if (text !== '') await context.writeOutput(Buffer.from(text));
  if (fault !== undefined) throw fault;
}

interface Task {
  readonly values: HostsOptions;
  readonly names: readonly string[];
  readonly places: ReturnType<typeof receiverPlaces>;
  readonly context: CommandContext;
}

type Verb = (task: Task) => Promise<string | Outcome>;

const verbs: Readonly<Record<string, Verb>> = {
  list: async ({ values, names, places }) => {
    if (names.length > 0) throw new CourierError('USAGE', 'list takes no names');
    const { list } = await import('../receiver/administration/list.ts');
    return list(places, values.json);
  },
  allow: async ({ values, names, places, context }) => {
    const { allow } = await import('../receiver/administration/answer.ts');
    const { as, piggyback } = values;
    const allowance = { as, piggyback, now: context.clock.now() };
    return allow(places.state(), requireNames(names), allowance);
  },
  deny: async ({ values, names, places, context }) => {
    const { deny } = await import('../receiver/administration/answer.ts');
    const denial = { reason: values.reason, now: context.clock.now() };
    return deny(places.state(), requireNames(names), denial);
  },
  token: async ({ values, names, places, context }) => {
    const { makeToken } = await import('../receiver/administration/tokens.ts');
    const wish = { ...values, now: context.clock.now() };
    return makeToken(places.state(), requireNames(names).map(parsePattern), wish);
  },
  certificate: async ({ values, names, places, context }) => {
    const { makeCertificate, renewCertificate, toDocument, toPem } = await import(
      '../receiver/administration/certificates.ts'
    );
    const wish = { ...values, now: context.clock.now() };
    const where = { state: places.state(), certificates: places.certificates() };
    const { renew } = values;
    const made =
      renew === undefined
        ? await makeCertificate(where, requireNames(names).map(parsePattern), wish)
        : await renewCertificate(where, requireRightsKept(renew, names, values), wish);
    return values.json ? `${JSON.stringify(toDocument(made), null, 2)}\n` : toPem(made);
  },
  revoke: async ({ values, names, places, context }) => {
    const { revoke } = await import('../receiver/administration/revoke.ts');
    const { certificates, state } = places;
    const how = { forget: values.forget, certificates, now: context.clock.now() };
    return revoke(state(), requireNames(names), how);
  },
};

/** It stands in lines. */
function parseTokenName(text: string): string {
  if (/^[^\p{Cc}"]{1,100}$/u.test(text)) return text;
  throw new CourierError('USAGE', `must be a name of up to 100 characters, not ${quote(text)}`);
}

/** @throws CourierError USAGE where a renewal is to change them as well */
function requireRightsKept(
  which: string,
  names: readonly string[],
  { name, piggyback }: HostsOptions,
): string {
  if (names.length === 0 && name === undefined && piggyback.length === 0) return which;
  const what = '--renew keeps name, hosts and piggyback; for others make another certificate';
  throw new CourierError('USAGE', `${what}, and revoke this one`);
}

function requireNames(names: readonly string[]): readonly string[] {
  if (names.length > 0) return names;
  throw new CourierError('USAGE', 'a name is missing; `cmk-courier hosts list` shows them');
}
