/** One page of the fleet: what the query leaves, the worst first, and only what is looked at. */

import { globMatcher } from '../../names/glob.ts';
import type { PartRow } from '../feed.ts';
import {
  type FleetDocument,
  type FleetQuery,
  type Group,
  type Grouping,
  type HostState,
  hostStates,
  type Part,
  type Sorting,
  type Totals,
} from '../model.ts';
import { type HostTable, type Known, stateOf, toHostRow } from './host-table.ts';
import type { Slices } from './slices.ts';

const perPage = 100;
/** Of more groups those of the worst hosts are listed. */
const groupLimit = 200;

type Counts = Record<HostState, number>;
const noTotals = (): Counts => ({ faulty: 0, silent: 0, never: 0, grace: 0, fresh: 0 });

interface Selection {
  readonly totals: Totals;
  readonly matchingTotals: Totals;
  /** In order of names. */
  readonly selected: readonly Known[];
  readonly groups: ReadonlyMap<string, Counts>;
}

export interface Surroundings {
  readonly nowMs: number;
  readonly parts: readonly Part[];
  readonly slices: Slices;
}

export async function viewFleet(
  index: HostTable,
  query: FleetQuery,
  { nowMs, parts, slices }: Surroundings,
): Promise<FleetDocument> {
  const { totals, matchingTotals, selected, groups } = await select(index, query, nowMs, slices);
  const pages = Math.max(1, Math.ceil(selected.length / perPage));
  const page = Math.min(query.page, pages);
  const listed = toGroups(groups);
  const range = { start: (page - 1) * perPage, end: page * perPage };
  const rows = await order(selected, query, [listed, range], slices);
  return {
    view: 'fleet',
    nowMs,
    query: { ...query, page },
    hostCount: index.size,
    totals,
    matchingTotals,
    matching: selected.length,
    ...{ pages, perPage },
    groups: listed.slice(0, groupLimit),
    groupCount: listed.length,
    groupLimit,
    rows: rows.map((known) => toHostRow(known, nowMs)),
    parts,
  };
}

/** Goes over all hosts once. */
async function select(
  index: HostTable,
  query: FleetQuery,
  nowMs: number,
  slices: Slices,
): Promise<Selection> {
  const [totals, matchingTotals] = [noTotals(), noTotals()];
  const selected: Known[] = [];
  const groups = new Map<string, Counts>();
  const fits = toSearch(query.search);
  const { group, within, states } = query;
  for (const known of index.hosts) {
    if (slices.isOver()) await slices.rest();
    const state = stateOf(known, nowMs);
    known.state = state;
    totals[state] += 1;
    if (!fits(known.host)) continue;
    const name = group && groupOf(known, group);
    const isShown = states.length === 0 || states.includes(state);
    if (name !== undefined && isShown) count(groups, name, state);
    if (within !== undefined && name !== within) continue;
    matchingTotals[state] += 1;
    if (isShown) selected.push(known);
  }
  return { totals, matchingTotals, selected, groups };
}

function count(groups: Map<string, Counts>, name: string, state: HostState): void {
  const counts = groups.get(name) ?? noTotals();
  counts[state] += 1;
  groups.set(name, counts);
}

/** A part of a name, or a glob that fits all of it. */
function toSearch(search: string): (host: string) => boolean {
  if (search === '') return () => true;
  if (!/[*?[]/.test(search)) return (host) => host.toLowerCase().includes(search);
  const fits = globMatcher(search);
  return (host) => fits(host.toLowerCase());
}

function firstOf<Key extends keyof PartRow>({ parts }: Known, key: Key): PartRow[Key] | undefined {
  for (const [, row] of parts) if (row[key] !== undefined) return row[key];
  return undefined;
}

/** Sources are grouped by their scheme and, where it serves several hosts, by their peer. */
function groupOf(known: Known, group: Grouping): string {
  if (group === 'fault') return firstOf(known, 'fault')?.code ?? '';
  if (group === 'source') return /^[\w+.-]+/.exec(firstOf(known, 'source') ?? '')?.[0] ?? '';
  return firstOf(known, group) ?? '';
}

/** The one with the worst hosts first. */
function toGroups(groups: ReadonlyMap<string, Counts>): readonly Group[] {
  const listed = [...groups].map(([name, totals]) => ({
    name,
    totals,
    count: hostStates.reduce((sum, state) => sum + totals[state], 0),
  }));
  return listed.sort(worstGroupFirst);
}

function worstGroupFirst(one: Group, other: Group): number {
  for (const state of hostStates) {
    const difference = other.totals[state] - one.totals[state];
    if (difference !== 0) return difference;
  }
  return one.name < other.name ? -1 : 1;
}

/** Which rows of an order are looked at. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Hosts of a group stand together; within it as the query says, and then by name. Only groups that are
 * looked at are sorted.
 */
async function order(
  selected: readonly Known[],
  query: FleetQuery,
  [groups, range]: readonly [groups: readonly Group[], range: Range],
  slices: Slices,
): Promise<readonly Known[]> {
  const { group, within } = query;
  if (group === undefined || within !== undefined) {
    return sortPart(selected, query, range, slices);
  }
  const buckets = new Map<string, Known[]>(groups.map(({ name }) => [name, []]));
  for (const one of selected) {
    if (slices.isOver()) await slices.rest();
    buckets.get(groupOf(one, group))?.push(one);
  }
  const rows: Known[] = [];
  let at = 0;
  for (const bucket of buckets.values()) {
    const [start, end] = [range.start - at, range.end - at];
    at += bucket.length;
    if (end <= 0 || start >= bucket.length) continue;
    rows.push(...(await sortPart(bucket, query, { start: Math.max(0, start), end }, slices)));
  }
  return rows;
}

async function sortPart(
  selected: readonly Known[],
  { sort, isDescending }: FleetQuery,
  { start, end }: Range,
  slices: Slices,
): Promise<readonly Known[]> {
  if (sort === 'host') {
    return isDescending ? selected.toReversed().slice(start, end) : selected.slice(start, end);
  }
  const keyed = new Float64Array(selected.length);
  for (const [place, one] of selected.entries()) {
    if (slices.isOver()) await slices.rest();
    keyed[place] = toSortKey(one, sort, isDescending) * room + place;
  }
  // Numbers alone are sorted many times faster than by a function; names break ties by their place.
  keyed.sort();
  return [...keyed.subarray(start, end)].flatMap((key) => selected[key % room] ?? []);
}

/** More than hosts there can be; a key times this stays exact. */
const room = 2 ** 21;
const largestKey = 2 ** 31 - 1;

/** A whole number from 0 to {@link largestKey}; hosts without a value stand last. */
function toSortKey(known: Known, sort: Sorting, isDescending: boolean): number {
  const value = toValue(known, sort);
  if (value === undefined) return largestKey;
  const bounded = Math.min(Math.max(0, Math.round(value)), largestKey - 1);
  return isDescending ? largestKey - 1 - bounded : bounded;
}

function toValue(known: Known, sort: Sorting): number | undefined {
  if (sort === 'age') {
    // The older, the smaller is the moment; so that the youngest stand first, it is turned round.
    const producedAtMs = firstOf(known, 'producedAtMs');
    return producedAtMs && largestKey - 1 - producedAtMs / 1000;
  }
  if (sort === 'bytes') return firstOf(known, 'bytes');
  if (sort === 'duration') return firstOf(known, 'durationMs');
  return hostStates.indexOf(known.state);
}
