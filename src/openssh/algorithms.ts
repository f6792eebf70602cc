/** Algorithms ssh does not allow by itself, for devices that know no others. */

import type { Environment } from '../cli/environment.ts';
import type { OptionTable, OptionValues, ValueSpec } from '../cli/options.ts';
import { CourierError, quote } from '../faults/errors.ts';
import { runProgram } from '../system/program/run-program.ts';

export const algorithmOptions = {
  sshLegacy: {
    kind: 'switch',
    describe:
      'allow what ssh has switched off but still has, for old devices: key exchange and signatures with SHA-1, CBC ciphers, MACs with MD5, keys of DSA',
  },
  sshKex: toNames('key exchange methods'),
  sshHostKeys: toNames('types of host keys, and of signatures with our own key'),
  sshCiphers: toNames('ciphers'),
  sshMacs: toNames('MACs'),
} as const satisfies OptionTable;

type AlgorithmOptions = OptionValues<typeof algorithmOptions>;

interface AlgorithmKind {
  readonly option: 'sshKex' | 'sshHostKeys' | 'sshCiphers' | 'sshMacs';
  /** As `ssh -Q` has it. */
  readonly query: string;
  /** As ssh says it when two sides have none in common. */
  readonly said: string;
  readonly settings: readonly string[];
  /** Algorithms that OpenSSH still has but no longer allows, the best first. */
  readonly legacy: readonly string[];
}

const kinds: readonly AlgorithmKind[] = [
  {
    option: 'sshKex',
    query: 'kex',
    said: 'key exchange method',
    settings: ['KexAlgorithms'],
    legacy: [
      'diffie-hellman-group-exchange-sha1',
      'diffie-hellman-group14-sha1',
      'diffie-hellman-group1-sha1',
    ],
  },
  {
    option: 'sshHostKeys',
    query: 'key',
    said: 'host key type',
    // By its name before OpenSSH 8.5, which later versions know as well. Whoever signs with SHA-1
    // alone understands no other signature of ours either.
    settings: ['HostKeyAlgorithms', 'PubkeyAcceptedKeyTypes'],
    legacy: ['ssh-rsa', 'ssh-dss'],
  },
  {
    option: 'sshCiphers',
    query: 'cipher',
    said: 'cipher',
    settings: ['Ciphers'],
    legacy: ['aes256-cbc', 'aes192-cbc', 'aes128-cbc', '3des-cbc'],
  },
  {
    option: 'sshMacs',
    query: 'mac',
    said: 'MAC',
    settings: ['MACs'],
    legacy: ['hmac-sha1', 'hmac-sha1-96', 'hmac-md5', 'hmac-md5-96'],
  },
];

/** Whether any of the options is given. */
export function hasOwnAlgorithms(options: AlgorithmOptions): boolean {
  return options.sshLegacy || kinds.some(({ option }) => options[option] !== undefined);
}

/**
 * ssh's settings for the options. What is added comes last, so that the best both sides have is
 * still what is taken. Of the legacy ones those are left out that the ssh of this machine no
 * longer has: it refuses a name it does not know.
 *
 * @throws CourierError LOCAL when ssh is not installed
 */
export async function toAlgorithmSettings(
  options: AlgorithmOptions,
  env: Environment,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const lists = kinds.map(async ({ option, query, settings, legacy }) => {
    const old = options.sshLegacy ? await keepKnown(legacy, query, { env, signal }) : [];
    const names = [...new Set([...(options[option] ?? []), ...old])];
    return names.length === 0 ? [] : settings.map((setting) => `${setting}=+${names.join(',')}`);
  });
  return (await Promise.all(lists)).flat();
}

interface Surroundings {
  readonly env: Environment;
  readonly signal: AbortSignal;
}

async function keepKnown(
  names: readonly string[],
  query: string,
  { env, signal }: Surroundings,
): Promise<readonly string[]> {
  const { stdout } = await runProgram(
    {
      program: 'ssh',
      debianPackage: 'openssh-client',
      args: ['-Q', query],
      env,
      maxOutputBytes: 64 * 1024,
    },
    signal,
  );
  const known = new Set(stdout.toString().split(/\s+/));
  return names.filter((name) => known.has(name));
}

/**
 * Why two sides could not agree, in the words of ssh's `no matching … found. Their offer: …`.
 *
 * @param said what there was no match of, such as `MAC`
 */
export function describeMismatch(said: string, offer: string, isLegacy: boolean): string {
  // Names that announce an extension, and are no algorithm (RFC 8308; OpenSSH's PROTOCOL).
  const names = offer.split(',').filter((name) => !/^(?:ext-info-|kex-strict-|$)/.test(name));
  const legacy = kinds.find((kind) => kind.said === said)?.legacy ?? [];
  const isOld = names.some((name) => legacy.includes(name));
  const old = isLegacy ? '; the ssh of this machine has none of them' : '; --ssh-legacy allows it';
  const shown = names.length === 0 ? 'none' : quote(names.join(','));
  return `no ${said} in common; it offers ${shown}${isOld ? old : ''}`;
}

function toNames(what: string): ValueSpec<readonly string[]> {
  return {
    kind: 'value',
    placeholder: 'NAMES',
    describe: `${what} to allow beside ssh's own, parted by commas`,
    parse: parseNames,
  };
}

function parseNames(raw: string): readonly string[] {
  const names = raw.split(',');
  if (names.every((name) => /^[a-z\d][\w@.-]*$/i.test(name))) return names;
  throw new CourierError('USAGE', `must be names parted by commas, not ${quote(raw)}`);
}
