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

/**
 * What somebody should know of a server.
 *
 * @param version as a server says it: `2.9.10`
 */
export function remarkVersion(version: string): readonly string[] {
  const [, major = 0, minor = 0] = (/^(\d+)\.(\d+)/.exec(version) ?? []).map(Number);
  if (major === 0 || isAtLeast([major, minor], firstSound)) return [];
  const what = [
    'a crash may hide outputs from it that it has acknowledged, until the next ones of their hosts come',
    'and a power cut of all servers at once may lose what was acknowledged last',
  ];
  return [`nats-server ${version} has faults that 2.10 does not have: ${what.join(', ')}`];
}
