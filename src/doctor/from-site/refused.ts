/** What a receiver has last refused to the host: ours by its record, that of Checkmk by its log. */

import { join } from 'node:path';
import { fileStatus, readFromFile } from '../../files/file-calls.ts';
import { readStart, withOpened } from '../../files/read-start.ts';
import { formatDuration } from '../../times/durations.ts';
import type { CauseCode } from '../causes.ts';
import type { HostStep } from '../report/host-report.ts';
import { findReceiverState } from './receiver-state.ts';
import { codeByReason, codeByWords } from './refusal-words.ts';
import { type Learned, outsideSite, type Scene, type SiteFinding } from './scene.ts';

/** What somebody was refused, and how that is known. */
interface Refused {
  readonly code: CauseCode;
  /** Word for word. */
  readonly said: string;
  /** Undefined: nobody can tell. */
  readonly atMs: number | undefined;
  /** Somebody who was not let in, from an address that is not known to be the host's. */
  readonly isStranger: boolean;
  readonly source: 'state' | 'report';
  readonly facts: Readonly<Record<string, string | number | null>>;
}

const dayMs = 86_400_000;

/** A refusal is the cause where no output has come since; one of before is history. */
export async function lookAtRefused(scene: Scene, learned: Partial<Learned>): Promise<SiteFinding> {
  const { pushed, registration, hostSide, configuration } = learned;
  const root = scene.context.env['OMD_ROOT'];
  const nowMs = scene.context.clock.now();
  const pushes = pushed !== undefined || configuration?.isPush === true;
  const found = [
    await readOurs(scene, listAddresses(scene, learned)),
    root === undefined || root === '' ? undefined : await readCheckmks(root, registration?.uuid),
    readHosts(hostSide, { nowMs, pushes }),
  ];
  const refused = found.find(
    (one) => one !== undefined && (one.atMs === undefined || nowMs - one.atMs < dayMs),
  );
  if (refused === undefined) {
    return root ? { status: 'skipped', text: 'nothing is known of a refusal' } : outsideSite;
  }
  const { code, said, atMs, source } = refused;
  const age = atMs === undefined ? '' : `, ${formatDuration(Math.max(0, nowMs - atMs))} ago`;
  const facts = {
    ...refused.facts,
    at: atMs === undefined ? undefined : new Date(atMs).toISOString(),
  };
  if (atMs !== undefined && pushed !== undefined && pushed.lastMs > atMs) {
    return { status: 'ok', text: `output came since the last refusal${age}`, facts, source };
  }
  // Without a time it may be long over, and a stranger may be anybody.
  const isSure = pushed?.isLate === true && atMs !== undefined && !refused.isStranger;
  const text = `${source === 'report' ? 'it says it was refused' : 'refused'}${age}`;
  return { status: isSure ? 'fault' : 'warning', code, text, rawError: said, facts, source };
}

/** From where the host itself is known to come. */
function listAddresses(
  { address }: Scene,
  { place, otherPlace, configuration }: Partial<Learned>,
): readonly (string | undefined)[] {
  const asked = [address, place?.address, otherPlace?.address, configuration?.address];
  return [...asked, ...(configuration?.addresses ?? [])];
}

async function readOurs(
  scene: Scene,
  own: readonly (string | undefined)[],
): Promise<Refused | undefined> {
  const directory = await findReceiverState(scene);
  if (directory === undefined) return undefined;
  const { LastRefusals } = await import('../../receiver/state/last-refusals.ts');
  const kept = await LastRefusals.lookInto(directory).read(scene.host);
  if (kept === undefined || kept.host !== scene.host) return undefined;
  const { reason, status, message, by, address, refusedAt } = kept;
  const atMs = Date.parse(refusedAt);
  const facts = { reason, status, by, address };
  const known = Number.isNaN(atMs) ? undefined : atMs;
  const isStranger = by === null && !own.includes(address);
  const code = codeByReason(reason, status);
  return { code, said: message, atMs: known, isStranger, source: 'state', facts };
}

/** So much of the end of the log is read. */
const tailBytes = 256 * 1024;

/** Its log has the UUID in front of what it says (agent-receiver.md#what-it-refuses). */
async function readCheckmks(root: string, uuid: string | undefined): Promise<Refused | undefined> {
  if (uuid === undefined) return undefined;
  const path = join(root, 'var/log/agent-receiver/agent-receiver.log');
  const lines = (await readTail(path)).split('\n');
  for (const line of lines.reverse()) {
    const at = line.indexOf(`uuid=${uuid} `);
    if (at < 0) continue;
    const said = line.slice(at + `uuid=${uuid} `.length);
    const code = codeByWords(said);
    // What it says last of this host counts alone.
    if (code === undefined) return undefined;
    const facts = { log: path };
    return { code, said, atMs: readTime(line), isStranger: false, source: 'state', facts };
  }
  return undefined;
}

async function readTail(path: string): Promise<string> {
  const read = await withOpened(path, async (file) => {
    const { size } = await fileStatus(file);
    if (size <= tailBytes) return readStart(file, tailBytes);
    const piece = Buffer.alloc(tailBytes);
    const { bytesRead } = await readFromFile(file, piece, 0, tailBytes, size - tailBytes);
    return piece.subarray(0, bytesRead);
  }).catch(() => 'gone' as const);
  return Buffer.isBuffer(read) ? read.toString('latin1') : '';
}

/** `2026-11-28 09:00:00,123`, by the clock of the site. */
function readTime(line: string): number | undefined {
  const [, day, time] = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)/.exec(line) ?? [];
  const atMs = Date.parse(`${day}T${time}`);
  return Number.isNaN(atMs) ? undefined : atMs;
}

/** An older report says what was, not what is. */
const freshMs = 15 * 60_000;

/** What the controller of the host was told, by its report. */
function readHosts(
  hostSide: Learned['hostSide'] | undefined,
  { nowMs, pushes }: { readonly nowMs: number; readonly pushes: boolean },
): Refused | undefined {
  const atMs = hostSide?.lookedMs;
  if (hostSide === undefined || atMs === undefined || nowMs - atMs > freshMs) return undefined;
  for (const said of hostSide.report.steps.flatMap(listSaid)) {
    const code = codeByWords(said);
    if (code === undefined || (!pushes && code.startsWith('push-'))) continue;
    return { code, said, atMs, isStranger: false, source: 'report', facts: {} };
  }
  return undefined;
}

/** The newest line of a log first. */
function listSaid({ evidence, raw_error: rawError }: HostStep): readonly string[] {
  const remote = 'remote' in evidence ? (evidence.remote ?? []) : [];
  const log = 'last_log' in evidence ? (evidence.last_log ?? []) : [];
  return [rawError ?? '', ...remote, ...log.toReversed()];
}
