/** One look at a place where output is dropped. */

import { CourierError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { resolveLinksInBytes } from '../../files/file-calls.ts';
import type { HostName } from '../../names/host-name.ts';
import { type Chosen, chooseNewest, mostCandidates } from '../candidates.ts';
import type { OpenContext, PassedOver } from '../transport.ts';
import type { DropLocation } from './location.ts';
import { describeLeftOut, findNewestFiles, type Listing } from './newest.ts';
import { type DropEntry, type OpenedPath, requireWithin, withOpenedPath } from './opened-path.ts';
import { type Drop, type DropRules, type Look, readDrop } from './read-drop.ts';

/** The conditions for what is at a location. */
export interface LookRules extends DropRules {
  readonly accepts: OpenContext['accepts'];
  readonly maxSkewMs: number;
  /** The host whose output it must be. */
  readonly host: HostName;
  /** This is the last look: a file that is not complete by now is passed over. */
  readonly isLast: boolean;
}

/** A drop, and what was passed over for it. */
export interface ChosenDrop extends Drop {
  readonly passedOver: PassedOver;
}

/**
 * Reads the file at a location, or the newest complete one in the directory there.
 *
 * @throws CourierError NO_OUTPUT, TOO_LARGE, MALFORMED, REFUSED, LOCAL
 */
export async function lookAt(location: DropLocation, rules: LookRules): Promise<Look<ChosenDrop>> {
  const directory = await findDirectory(location.base);
  const entry = { path: Buffer.from(location.path), shown: location.path };
  return withOpenedPath(entry, async (place) => {
    if (place === undefined) throw new CourierError('NO_OUTPUT', `there is no ${entry.shown}`);
    if (!place.stats.isDirectory()) {
      const read = () => readDrop(entry, place, directory, rules);
      return choose([entry], read, rules);
    }
    if (!location.path.endsWith('/')) return lookAt(toDirectory(location), rules);
    requireWithin(directory, entry, place);
    return chooseFile(entry, place, { directory, location }, rules);
  });
}

/**
 * The real path of the drop directory; without the directory nothing can be said about any host.
 */
async function findDirectory(base: string): Promise<Buffer> {
  return resolveLinksInBytes(base).catch((error: unknown) => {
    throw asCourierError(error, `looking into ${base}`);
  });
}

/** With a slash at the end: without it an automounter may not mount the directory. */
function toDirectory({ path, base, fixed, names }: DropLocation): DropLocation {
  return { path: `${path}/`, base: fixed ? `${path}/` : base, fixed, names };
}

interface Where {
  /** What is outside of it is not delivered. */
  readonly directory: Buffer;
  readonly location: DropLocation;
}

async function chooseFile(
  { shown }: DropEntry,
  { handle }: OpenedPath,
  { directory, location: { names } }: Where,
  rules: LookRules,
): Promise<Look<ChosenDrop>> {
  const start = Buffer.from(`${handle}/`);
  const { clock, maxSkewMs, signal } = rules;
  // One more than will be looked at, to know whether there are more.
  const wanted = { names, nowMs: clock.now(), maxSkewMs, most: mostCandidates + 1, signal };
  const listing = await findNewestFiles(start.toString(), wanted);
  if (listing.names.length === 0) throw toNoFile(shown, names?.text, listing);
  const entries = listing.names.map((name) => ({
    path: Buffer.concat([start, name]),
    shown: shown + name,
  }));
  const read = (entry: DropEntry) =>
    withOpenedPath(entry, async (place) =>
      place === undefined
        ? { unsettled: new CourierError('TIMEOUT', `${entry.shown} vanished before it was read`) }
        : readDrop(entry, place, directory, rules),
    );
  const leftOut = listing.leftOut.map(({ name, kind }) => ({ name: `${name}`, why: kind }));
  return choose(entries, read, rules, leftOut);
}

function toNoFile(shown: string, pattern: string | undefined, { leftOut }: Listing): CourierError {
  const which = pattern === undefined ? '' : ` that fits ${pattern}`;
  const others = leftOut.length === 0 ? '' : `: ${describeLeftOut(leftOut)}`;
  return new CourierError('NO_OUTPUT', `there is no complete file${which} in ${shown}${others}`);
}

/** A file that is no output may be half written when it is younger than this. */
const youngMs = 1000;

/**
 * How long an agent that writes into a file may be silent in the middle of a line. An unfinished
 * line shows such a silence; between two lines it cannot be seen.
 */
const growingMs = 5000;

/** Why text may be just the beginning of what is being written. */
function findGrowing({ output, modifiedAt }: Drop, nowMs: number): string | undefined {
  const isText = output[0] === 0x3c && output.at(-1) !== 0x0a;
  if (!isText || Math.abs(nowMs - modifiedAt.getTime()) >= growingMs) return undefined;
  return 'it was changed a moment ago and ends within a line, so it may be half of it';
}

/** @param entries the newest first, at least one */
async function choose(
  entries: readonly DropEntry[],
  read: (entry: DropEntry) => Promise<Look>,
  { accepts, host, signal, clock, isLast }: LookRules,
  leftOut: PassedOver = [],
): Promise<Look<ChosenDrop>> {
  const unsettled: CourierError[] = [];
  const growing = new Map<Buffer, CourierError>();
  const readSettled = async (entry: DropEntry): Promise<Drop> => {
    const look = await read(entry);
    if ('drop' in look) {
      const why = findGrowing(look.drop, clock.now());
      if (why !== undefined) growing.set(look.drop.output, new CourierError('TIMEOUT', why));
      return look.drop;
    }
    unsettled.push(look.unsettled);
    throw look.unsettled;
  };
  const acceptSettled = async (bytes: Buffer) => {
    const objection = await accepts(bytes, { host, signal });
    const grows = growing.get(bytes);
    if (objection !== undefined || grows === undefined) return objection;
    unsettled.push(grows);
    return grows.message;
  };
  const untilUnsettled = function* () {
    for (const entry of entries) if (isLast || unsettled.length === 0) yield entry;
  };
  const chosen = await chooseNewest({
    candidates: untilUnsettled(),
    nameOf: ({ shown }: DropEntry) => shown.slice(shown.lastIndexOf('/') + 1),
    originOf: ({ shown }: DropEntry) => shown,
    read: readSettled,
    nothing: 'there is no file',
    accepts: acceptSettled,
    asked: { host, signal },
  }).catch((error: CourierError) => error);
  const [first] = unsettled;
  if (first !== undefined && !isLast) return { unsettled: first };
  if (chosen instanceof Error) throw chosen;
  return toLook(chosen, clock.now(), isLast, leftOut);
}

/** When no file is output, the message names what is there instead. */
function toLook(
  { got, objection, passedOver }: Chosen<DropEntry, Drop>,
  nowMs: number,
  isLast: boolean,
  leftOut: PassedOver,
): Look<ChosenDrop> {
  if (objection === undefined) return { drop: { ...got, passedOver } };
  const isYoung = Math.abs(nowMs - got.modifiedAt.getTime()) < youngMs;
  if (isYoung && !isLast) {
    return { unsettled: new CourierError('MALFORMED', `${got.path}: ${objection}`) };
  }
  return { drop: { ...got, passedOver: [...passedOver, ...leftOut] } };
}
