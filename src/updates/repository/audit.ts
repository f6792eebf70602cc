/** The log of all that people have decided: one JSON object a line, only ever added to. */

import { userInfo } from 'node:os';
import type { Environment } from '../../cli/environment.ts';
import { cleanText } from '../../faults/errors.ts';
import { appendLine, readTextFileIfThere } from '../../system/durable-files.ts';
import { makePrivateDirectory } from './opening.ts';
import type { UpdatePlaces } from './places.ts';

/** A decision, such as `switch` from `off` to `on`. */
export interface Decision {
  /** What was decided on, in one or two words: `switch`, `publish`, `root`, `host web01`. */
  readonly what: string;
  readonly before: string;
  readonly after: string;
}

export interface AuditEntry extends Decision {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly user: string;
}

/** What an entry needs of the program. */
export interface Actor {
  readonly env: Environment;
  readonly clock: { now(): number };
  /** Who decides where it is no user of the system: `gates`. */
  readonly by?: string;
}

/** The user that the program runs as, and who came through sudo to be it. */
export function userOf(env: Environment): string {
  const name = nameOfUser();
  const sudo = env['SUDO_USER'];
  return cleanText(sudo && sudo !== name ? `${name} (${sudo})` : name, 100);
}

function nameOfUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A user without an entry in the system's list, as in a container.
    return `user ${process.geteuid?.() ?? ''}`;
  }
}

/**
 * Adds a decision; it is on disk when this resolves.
 *
 * @throws CourierError LOCAL
 */
export async function recordDecision(
  { directory, audit }: UpdatePlaces,
  { what, before, after }: Decision,
  { env, clock, by = userOf(env) }: Actor,
): Promise<void> {
  await makePrivateDirectory(directory);
  const entry: AuditEntry = {
    time: new Date(clock.now()).toISOString(),
    user: by,
    what: cleanText(what),
    before: cleanText(before, 2000),
    after: cleanText(after, 2000),
  };
  await appendLine(audit, JSON.stringify(entry));
}

/**
 * All entries, the oldest first. What a crash has left of a line is left out.
 *
 * @throws CourierError CONFIG when others may change it; LOCAL
 */
export async function readAudit({ audit }: UpdatePlaces): Promise<readonly AuditEntry[]> {
  const lines = (await readTextFileIfThere(audit)).split('\n');
  return lines.flatMap(toEntry);
}

function toEntry(line: string): readonly AuditEntry[] {
  try {
    const entry: Partial<Record<string, unknown>> = JSON.parse(line);
    const { time, user, what, before, after } = entry;
    const texts = [time, user, what, before, after].map((value) => String(value ?? ''));
    const [atTime = '', byUser = '', ofWhat = '', from = '', to = ''] = texts;
    return [{ time: atTime, user: byUser, what: ofWhat, before: from, after: to }];
  } catch {
    return [];
  }
}
