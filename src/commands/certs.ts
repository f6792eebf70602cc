/** `cmk-courier certs`: the certificates of the receiver and of the hosts that push to it. */

import { X509Certificate } from 'node:crypto';
import { findCertificateDirectory } from '../certs/directory.ts';
import { parseName, parseSite } from '../certs/dns-name.ts';
import { describeStore, listNames, toText } from '../certs/report.ts';
import { revokeCertificates } from '../certs/revoke.ts';
import {
  type CertificateStore,
  initCertificates,
  loadCertificates,
  renewServerCertificate,
} from '../certs/store.ts';
import { type CommandContext, type CommandModule, defineCommand } from '../cli/command.ts';
import type { Environment } from '../cli/environment.ts';
import { printJson } from '../cli/json-document.ts';
import { parsePath } from '../cli/option-types.ts';
import { type OptionTable, type OptionValues, toFlag, withFlag } from '../cli/options.ts';
import { CourierError } from '../faults/errors.ts';
import { describeVerb } from '../names/nearest.ts';

const options = {
  site: {
    kind: 'value',
    placeholder: 'NAME',
    describe: 'init, server: the name hosts know the receiver by; by default that of the site',
    parse: parseSite,
  },
  name: {
    kind: 'list',
    placeholder: 'NAME|IP',
    describe: 'init, server: a name or address that curl and wget may reach the receiver under',
    parse: parseName,
  },
  dir: {
    kind: 'value',
    placeholder: 'DIR',
    describe:
      'where the files are (default $OMD_ROOT/etc/cmk-courier/certs on a site, else ~/.config/cmk-courier/certs)',
    parse: parsePath,
  },
  json: { kind: 'switch', describe: 'print JSON for programs' },
} as const satisfies OptionTable;

type Values = OptionValues<typeof options>;

/** What one word after `certs` does. */
interface Action {
  /** How to call it. */
  readonly usage: string;
  /** Options that only some actions take. */
  readonly takes: readonly (keyof Values)[];
  readonly operands: boolean;
  run(call: Call): Promise<void>;
}

interface Call {
  readonly operands: readonly string[];
  readonly values: Values;
  readonly directory: string;
  readonly now: Date;
  readonly context: CommandContext;
}

const actions: Readonly<Record<string, Action>> = {
  init: {
    usage: 'init [--site=NAME] [--name=NAME|IP]…',
    takes: ['site', 'name'],
    operands: false,
    run: init,
  },
  show: {
    usage: 'show',
    takes: [],
    operands: false,
    run: async (call) => report(await loadCertificates(call.directory), call),
  },
  server: {
    usage: 'server [--site=NAME] [--name=NAME|IP]…',
    takes: ['site', 'name'],
    operands: false,
    run: renew,
  },
  revoke: { usage: 'revoke SERIAL|UUID…', takes: [], operands: true, run: revoke },
};

export const certs: CommandModule = defineCommand({
  summary: 'make, show, renew and revoke the certificates of the receiver and its hosts',
  usage: 'certs init|show|server|revoke',
  examples: [
    ['certs init --site=mysite --name=mon.example.org --name=192.0.2.1', 'once, before receive'],
    ['certs show', 'names, fingerprints, days left, and what hosts would object to'],
    [
      'certs server',
      'a new server certificate with the same names, for which the receiver needs a reload; hosts notice nothing',
    ],
    ['certs server --name=mon.example.org', 'the same with other names'],
    ['certs revoke 5ad3e1f8-…', 'shut out a host, by its uuid or one serial'],
  ],
  options,
  keepsFiles: { options: ['dir'], verbs: ['init', 'server', 'revoke'] },
  run,
});

async function run(
  operands: readonly string[],
  values: Values,
  context: CommandContext,
): Promise<void> {
  const [name = '', ...rest] = operands;
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (action === undefined) {
    throw new CourierError('USAGE', describeVerb(operands[0], Object.keys(actions)));
  }
  if (rest.length > 0 !== action.operands) throw misused(action);
  for (const option of ['site', 'name'] as const) {
    const isGiven = values[option] !== undefined && values[option].length > 0;
    if (isGiven && !action.takes.includes(option)) throw misused(action, option);
  }
  const directory = findCertificateDirectory(values.dir, context.env);
  const now = new Date(context.clock.now());
  await action.run({ operands: rest, values, directory, now, context });
}

function misused({ usage }: Action, option?: string): CourierError {
  const hint = option === undefined ? '' : `, without ${toFlag(option)}`;
  return new CourierError('USAGE', `must be: certs ${usage}${hint}`);
}

async function init(call: Call): Promise<void> {
  const { name: names } = call.values;
  const site = call.values.site ?? siteOf(call.context);
  const store = await initCertificates(call.directory, { site, names, now: call.now });
  await report(store, call);
  if (!call.values.json) await print(toAdvice(store, names), call);
}

/** @throws CourierError USAGE where nothing says which site it is */
function siteOf({ env: { OMD_SITE: site } }: CommandContext): string {
  if (site) return withFlag('--site', () => parseSite(site));
  throw new CourierError('USAGE', '--site is missing');
}

/** What to do with what was made. */
function toAdvice({ directory }: CertificateStore, names: readonly string[]): string {
  const advice = [
    `\nHosts with the Agent Controller learn ${directory}/ca.pem when they register.`,
    'Others need a copy: curl --cacert ca.pem …, wget --ca-certificate=ca.pem …',
    'Keep a backup of the directory: with another CA every host has to register again.',
  ];
  const nameless =
    'No --name was given, so curl and wget accept the receiver under the name of the site only;\n' +
    'cmk-courier certs server --name=… adds names later.';
  return [...advice, ...(names.length === 0 ? [nameless] : []), ''].join('\n');
}

/** What is not said stays as it was. */
async function renew(call: Call): Promise<void> {
  const { serverCert } = await loadCertificates(call.directory);
  const current = listNames(new X509Certificate(serverCert));
  const site = call.values.site ?? commonNameOf(serverCert);
  const names = call.values.name.length === 0 ? current : call.values.name;
  await report(await renewServerCertificate(call.directory, { site, names, now: call.now }), call);
  if (!call.values.json) await print(`\n${toReloadAdvice(call.context.env)}\n`, call);
}

/** It goes on with the certificate from before, which may be about to expire. */
function toReloadAdvice({ OMD_ROOT }: Environment): string {
  const manager = OMD_ROOT === undefined ? 'systemctl' : 'omd';
  return `A receiver that runs uses it once it is told to read it: ${manager} reload cmk-courier-receive, or SIGHUP.`;
}

function commonNameOf(pem: string): string {
  return /^CN=(.+)$/m.exec(new X509Certificate(pem).subject)?.[1] ?? '';
}

async function revoke({ operands, directory, now, values, context }: Call): Promise<void> {
  const revoked = await revokeCertificates(operands, directory, now);
  const lines = revoked.map(({ serial, uuid, already }) =>
    already ? `${serial} of ${uuid} was revoked before` : `revoked ${serial} of ${uuid}`,
  );
  if (values.json) return printJson({ revoked }, context);
  const text = lines.join('\n');
  await context.writeOutput(Buffer.from(`${text}\n`));
}

async function report(store: CertificateStore, call: Call): Promise<void> {
  const found = await describeStore(store, call.now);
  await print(call.values.json ? `${JSON.stringify(found, null, 2)}\n` : toText(found), call);
}

async function print(text: string, { context }: Call): Promise<void> {
  await context.writeOutput(Buffer.from(text));
}
