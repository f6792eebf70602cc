/**
 * Places a million hosts in a pool, and lets a member go: how evenly they are spread, how many move, and
 * what it takes. `node test/bench/simulate-pool.ts [HOSTS] [MEMBERS]` prints it.
 */

import { pathToFileURL } from 'node:url';
import { packRecords } from '../../src/collector/pool/due-records.ts';
import { findOwner, type NameKey, toNameKey } from '../../src/collector/pool/placing.ts';

export interface Placing {
  readonly hosts: number;
  readonly members: number;
  /** Hosts of the member with the fewest, and of that with the most. */
  readonly fewest: number;
  readonly most: number;
  /** When one member is lost: its hosts, those of them that went to each other member, and others that moved. */
  readonly lost: number;
  readonly fewestTaken: number;
  readonly mostTaken: number;
  readonly movedBeside: number;
  /** Two hosts that would be taken for one by what members tell each other. */
  readonly sameKey: number;
  /** How long weighing one host takes, in nanoseconds. */
  readonly placeNs: number;
  /** What each member tells the others a second, when each host is asked once a minute. */
  readonly toldBytesPerSecond: number;
}

export function simulatePlacing(count: number, memberCount: number): Placing {
  const members = Array.from({ length: memberCount }, (_, index) => {
    const member = `collector${index + 1}`;
    return { member, key: toNameKey(member) };
  });
  const keys = Array.from({ length: count }, (_, index) => toNameKey(`host${index}.example.net`));
  const began = process.hrtime.bigint();
  const before = keys.map((key) => ownerOf(key, members));
  const placeNs = Number(process.hrtime.bigint() - began) / count;
  const after = keys.map((key) => ownerOf(key, members.slice(1)));
  const owned = countsOf(before, memberCount);
  const taken = countsOf(
    after.filter((_, index) => before[index] === 'collector1'),
    memberCount - 1,
  );
  const movedBeside = after.filter(
    (owner, index) => before[index] !== 'collector1' && before[index] !== owner,
  );
  const recordBytes = packRecords([{ key: 1, dueInMs: 1 }]).length;
  return {
    hosts: count,
    members: memberCount,
    fewest: Math.min(...owned),
    most: Math.max(...owned),
    lost: before.filter((owner) => owner === 'collector1').length,
    fewestTaken: Math.min(...taken),
    mostTaken: Math.max(...taken),
    movedBeside: movedBeside.length,
    sameKey: count - new Set(keys.map(({ whole }) => whole)).size,
    placeNs: Math.round(placeNs),
    toldBytesPerSecond: Math.round((recordBytes * count) / memberCount / 60),
  };
}

function ownerOf(key: NameKey, members: Parameters<typeof findOwner>[1]): string {
  return findOwner(key, members)?.member ?? '';
}

function countsOf(owners: readonly string[], memberCount: number): readonly number[] {
  const counts = new Map<string, number>();
  for (const owner of owners) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  const missing = Array.from({ length: memberCount - counts.size }, () => 0);
  return [...counts.values(), ...missing];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [hosts = 1_000_000, members = 6] = process.argv.slice(2).map(Number);
  const isGood = Number.isInteger(hosts) && Number.isInteger(members) && members >= 2;
  if (isGood && hosts >= members) process.stdout.write(describe(simulatePlacing(hosts, members)));
  else {
    process.stderr.write('simulate-pool: two numbers are needed, HOSTS and MEMBERS (2 or more)\n');
    process.exitCode = 2;
  }
}

/** The rows of the table in docs/scale.md. */
function describe(found: ReturnType<typeof simulatePlacing>): string {
  const number = (value: number) => value.toLocaleString('en');
  const rows = [
    [`${number(found.hosts)} hosts`, `${found.members} members`],
    [
      'hosts of the member with the fewest, and the most',
      `${number(found.fewest)} to ${number(found.most)}`,
    ],
    ['hosts of the lost member', number(found.lost)],
    ['of them to each other one', `${number(found.fewestTaken)} to ${number(found.mostTaken)}`],
    ['hosts that moved beside them', number(found.movedBeside)],
    ['hosts that would be taken for one another', number(found.sameKey)],
    ['weighing one host', `${(found.placeNs / 1000).toFixed(1)} µs`],
    ['told to the others by each, a second', `${Math.round(found.toldBytesPerSecond / 1000)} kB`],
  ];
  return rows.map(([what, value]) => `| ${what} | ${value} |\n`).join('');
}
