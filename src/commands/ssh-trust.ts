/** `cmk-courier ssh-trust`: records the keys of hosts that are to be reached over ssh. */

import { type CommandContext, defineCommand } from '../cli/command.ts';
import { printJson } from '../cli/json-document.ts';
import { type OptionTable, type OptionValues, withFlag } from '../cli/options.ts';
import { askYesOrNo } from '../cli/terminal.ts';
import { CourierError, quote } from '../faults/errors.ts';
import { algorithmOptions, hasOwnAlgorithms } from '../openssh/algorithms.ts';
import { fetchHostKey, scanHostKeys } from '../openssh/host-keys.ts';
import {
  compareKeys,
  fingerprintOf,
  type HostKey,
  type KeyFinding,
  readKnownHosts,
  toKnownName,
  withKeys,
  writeKnownHosts,
} from '../openssh/known-hosts.ts';
import { describeLogin, parseLogin, type SshLogin } from '../openssh/login.ts';
import { openSsh, sshOptions } from '../openssh/openssh.ts';
import { findKnownHosts } from '../openssh/settings.ts';

const { knownHosts, proxyJump, connectTimeout } = sshOptions;

const options = {
  yes: { kind: 'switch', describe: 'record the keys without asking' },
  fingerprint: {
    kind: 'list',
    placeholder: 'SHA256:…',
    describe: 'record, without asking, the key with this fingerprint and no other',
    parse: parseFingerprint,
  },
  replace: { kind: 'switch', describe: 'allow keys to take the place of others known so far' },
  json: { kind: 'switch', describe: 'print JSON: what was found, and what is recorded' },
  knownHosts,
  proxyJump,
  connectTimeout,
  ...algorithmOptions,
} as const satisfies OptionTable;

/** Keys are shown to whoever asks. */
const noLogin = {
  sshKey: undefined,
  passwordFile: undefined,
  passwordId: undefined,
  multiplex: undefined,
};

type Values = OptionValues<typeof options>;

export const sshTrust = defineCommand({
  summary: 'fetch the keys of hosts, show their fingerprints, ask, and record them',
  usage: 'ssh-trust [USER@]HOST[:PORT]…',
  examples: [
    ['ssh-trust web01', 'shows the fingerprints and asks'],
    ['ssh-trust --fingerprint=SHA256:… web01:2222', 'records the key if it is this one'],
    ['ssh-trust --replace web01', 'after web01 has been installed anew'],
  ],
  keepsFiles: { options: ['knownHosts'] },
  options,
  async run(operands, values, context) {
    const logins = operands.map((operand) => withFlag('HOST', () => parseLogin(operand)));
    if (logins.length === 0) throw new CourierError('USAGE', 'no HOST given');
    const reports: object[] = [];
    for (const login of logins) reports.push(await trust(login, values, context));
    if (values.json) await printJson({ hosts: reports }, context);
  },
});

/** One host: fetches, shows, asks, records. */
async function trust(login: SshLogin, values: Values, context: CommandContext): Promise<object> {
  const file = findKnownHosts(values.knownHosts, context.env);
  const name = toKnownName(login);
  const at = describeLogin(login);
  const findings = compareKeys(
    await fetchKeys(login, values, context),
    await readKnownHosts(file),
    name,
  );
  if (!values.json) await print([at, ...findings.map(toLine)].join('\n'), context);
  const chosen = choose(findings, values, at);
  const isAll = chosen.every(({ state }) => state === 'known');
  if (!isAll) {
    await requireConsent(at, values, context);
    // Read again: the answer may have taken its time.
    await writeKnownHosts(file, withKeys(await readKnownHosts(file), name, chosen));
  }
  const done = isAll ? `  recorded already in ${file}` : `  recorded in ${file}`;
  if (!values.json) await print(done, context);
  const keys = findings.map((finding) => toReport(finding, chosen.includes(finding)));
  return { host: login.host, port: login.port ?? 22, file, keys };
}

function toReport(finding: KeyFinding, recorded: boolean): object {
  const { type, state, before } = finding;
  const was = before === undefined ? {} : { before: fingerprintOf(before) };
  return { type, fingerprint: fingerprintOf(finding), state, ...was, recorded };
}

async function fetchKeys(
  login: SshLogin,
  values: Values,
  { env, log, clock, shutdown }: CommandContext,
): Promise<readonly HostKey[]> {
  const openssh = await openSsh({ ...values, ...noLogin }, { env, log, signal: shutdown });
  const viaSsh = () => fetchHostKey(login, { openssh, env }, shutdown);
  if (values.proxyJump !== undefined || hasOwnAlgorithms(values)) return viaSsh();
  const timing = { env: openssh.env, timeoutMs: values.connectTimeout, clock };
  const keys = await scanHostKeys(login, timing, shutdown);
  return keys.length === 0 ? viaSsh() : keys;
}

/** What is to be recorded, as far as the options say. */
function choose(
  findings: readonly KeyFinding[],
  { fingerprint, replace }: Values,
  at: string,
): readonly KeyFinding[] {
  const chosen =
    fingerprint.length === 0
      ? findings
      : findings.filter((finding) => fingerprint.includes(fingerprintOf(finding)));
  if (chosen.length === 0) {
    const shown = findings.map(fingerprintOf).join(', ');
    throw new CourierError('REFUSED', `${at} has no key with that fingerprint, but ${shown}`);
  }
  const changed = chosen.find(({ state }) => state === 'changed');
  if (changed?.before !== undefined && !replace) {
    const was = `was ${fingerprintOf(changed.before)}, is ${fingerprintOf(changed)}`;
    throw new CourierError('REFUSED', `the key of ${at} ${was}; if that is right, use --replace`);
  }
  return chosen;
}

async function requireConsent(at: string, values: Values, context: CommandContext): Promise<void> {
  if (values.yes || values.fingerprint.length > 0) return;
  const beforehand = '--yes or --fingerprint answers';
  if (await askYesOrNo(`Are these the keys of ${at}?`, beforehand, context.shutdown)) return;
  throw new CourierError('REFUSED', `the keys of ${at} are not recorded: the answer was not yes`);
}

/** `  changed ED25519 SHA256:… (was SHA256:…)`. */
function toLine(finding: KeyFinding): string {
  const { type, state, before } = finding;
  const was = before === undefined ? '' : ` (was ${fingerprintOf(before)})`;
  return `  ${state.padEnd(7)} ${toShortType(type).padEnd(7)} ${fingerprintOf(finding)}${was}`;
}

/** As ssh-keygen names it. */
function toShortType(type: string): string {
  return type.startsWith('ecdsa-') ? 'ECDSA' : type.replace(/^ssh-/, '').toUpperCase();
}

function parseFingerprint(raw: string): string {
  if (/^SHA256:[A-Za-z\d+/]{43}$/.test(raw)) return raw;
  throw new CourierError('USAGE', `must be SHA256: and 43 characters, not ${quote(raw)}`);
}

async function print(text: string, context: CommandContext): Promise<void> {
  await context.writeOutput(Buffer.from(`${text}\n`));
}
