/** Which nats-server does what, where that matters here (nats.md#servers). */

/** The first two numbers of the version of a server. */
export type ServerVersion = readonly [major: number, minor: number];

export function isAtLeast(
  [major, minor]: ServerVersion,
  [least, leastMinor]: ServerVersion,
): boolean {
  return major > least || (major === least && minor >= leastMinor);
}

/** The first that reads its blocks in their order, and that knows `sync_interval`. */
export const firstSound: ServerVersion = [2, 10];

interface KnownFaults {
  /** Its versions, of which each number has two digits: 21207 is 2.12.7. */
  readonly from: number;
  readonly until: number;
  readonly what: readonly string[];
}

const knownFaults: readonly KnownFaults[] = [
  {
    from: 0,
    until: 20999,
    what: [
      'a crash may hide outputs from it that it has acknowledged, until the next ones of their hosts come or it is restarted in peace',
      'and a power cut of all servers at once may lose what was acknowledged last: 2.10 has neither',
    ],
  },
  {
    from: 21207,
    until: 21209,
    what: [
      'once it was stopped and started it has no output of any host before the next one comes',
      '2.12.10 is mended',
    ],
  },
];

/**
 * What somebody should know of a server.
 *
 * @param version as a server says it: `2.9.10`
 */
export function remarkVersion(version: string): readonly string[] {
  const [, major, minor = '', patch = ''] =
    /^(\d{1,2})\.(\d{1,2})(?:\.(\d{1,2}))?/.exec(version) ?? [];
  if (major === undefined) return [];
  const number = Number(major + minor.padStart(2, '0') + patch.padStart(2, '0'));
  return knownFaults
    .filter(({ from, until }) => from <= number && number <= until)
    .map(({ what }) => `nats-server ${version} has faults: ${what.join(', ')}`);
}
