/** `updates sites`: which site hands updates on to which hosts, and through which they ask. */

import { CourierError } from '../../faults/errors.ts';
import { type Actor, recordDecision } from '../repository/audit.ts';
import { changeState } from '../repository/opening.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import { requireNewestRoot } from '../repository/root-files.ts';
import {
  findSite,
  readSites,
  requireSite,
  type UpdateSite,
  writeSites,
} from '../repository/sites.ts';
import { Contacts } from './contacts.ts';

/**
 * Puts a site in its place, or behind those there are.
 *
 * @throws CourierError USAGE; CONFIG; LOCAL
 */
export async function setSite(places: UpdatePlaces, site: UpdateSite, actor: Actor): Promise<void> {
  requireSite(site);
  await changeState(places, async () => {
    const sites = await readSites(places);
    const before = sites.find(({ name }) => name === site.name);
    const after =
      before === undefined ? [...sites, site] : sites.map((one) => (one === before ? site : one));
    await writeSites(places, after);
    const what = `site ${site.name}`;
    await recordDecision(places, { what, before: describe(before), after: describe(site) }, actor);
  });
}

/** @throws CourierError USAGE where there is none of that name */
export async function removeSite(places: UpdatePlaces, name: string, actor: Actor): Promise<void> {
  await changeState(places, async () => {
    const sites = await readSites(places);
    const before = sites.find((site) => site.name === name);
    if (before === undefined) throw new CourierError('USAGE', `there is no site ${name}`);
    await writeSites(
      places,
      sites.filter((site) => site !== before),
    );
    await recordDecision(
      places,
      { what: `site ${name}`, before: describe(before), after: '-' },
      actor,
    );
  });
}

function describe(site: UpdateSite | undefined): string {
  return site === undefined ? '-' : [site.server, ...site.patterns].join(' ');
}

/** A site as `updates sites show` has it. */
export interface SiteReport {
  /** `-` for hosts that no site is for. */
  readonly site: string;
  readonly server: string | null;
  /** Whether hosts may be sent there: the newest root names it. */
  readonly inRoot: boolean;
  readonly patterns: readonly string[];
  /** Hosts it is for, of those that have asked. */
  readonly hosts: number;
  /** How many of them asked through another site, or none, the last time. */
  readonly elsewhere: number;
  /** When one of them last asked, ISO 8601. */
  readonly lastContact: string | null;
}

export interface HostSite {
  readonly host: string;
  /** Whose it is, and through whom it asked last; null for none. */
  readonly site: string | null;
  readonly via: string | null;
  readonly lastContact: string;
}

export interface SitesReport {
  readonly sites: readonly SiteReport[];
  readonly hosts: readonly HostSite[];
}

/** @throws CourierError CONFIG; LOCAL */
export async function reportSites(
  places: UpdatePlaces,
  clock: { now(): number },
): Promise<SitesReport> {
  const sites = await readSites(places);
  const { root } = await requireNewestRoot(places);
  const contacts = await (await Contacts.open(places, clock)).list();
  const hosts = contacts.map(({ host, via, lastContact }) => {
    const site = findSite(sites, host)?.name ?? null;
    return { host, site, via: via ?? null, lastContact };
  });
  const toReport = (name: string | null, { server, patterns }: Partial<UpdateSite>): SiteReport => {
    const own = hosts.filter(({ site }) => site === name);
    return {
      site: name ?? '-',
      server: server ?? null,
      inRoot: server !== undefined && root.servers.includes(server),
      patterns: patterns ?? [],
      hosts: own.length,
      elsewhere: own.filter(({ via }) => name !== null && via !== name).length,
      lastContact:
        own
          .map((one) => one.lastContact)
          .sort()
          .at(-1) ?? null,
    };
  };
  return { sites: [...sites.map((site) => toReport(site.name, site)), toReport(null, {})], hosts };
}

/** A line a site; what keeps hosts from it stands behind. */
export function toSitesTable({ sites }: SitesReport): string {
  const rows = sites.map(({ site, server, inRoot, patterns, hosts, elsewhere, lastContact }) => {
    const warning =
      server !== null && !inRoot
        ? 'not in the root: updates root server'
        : elsewhereWords(elsewhere);
    const place = server ?? 'in the order of the root';
    const last = lastContact?.slice(0, 19).replace('T', ' ') ?? 'never';
    return [site, place, patterns.join(' ') || '-', String(hosts), last, warning];
  });
  const all = [['SITE', 'SERVER', 'HOSTS', 'NUMBER', 'LAST CONTACT', ''], ...rows];
  const widths = [0, 1, 2, 3, 4].map((at) => Math.max(...all.map((row) => row[at]?.length ?? 0)));
  const toLine = (row: readonly string[]) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd();
  return `${all.map(toLine).join('\n')}\n`;
}

function elsewhereWords(count: number): string {
  return count === 0 ? '' : `${count} of them asked elsewhere`;
}
