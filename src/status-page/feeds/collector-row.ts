/** A host of the collector as a row of the fleet, and as a page of its own. */

import type { AttemptNote } from '../../collector/attempt-note.ts';
import { isBackingOff } from '../../collector/backoff.ts';
import type { Entry } from '../../collector/entry.ts';
import { faults } from '../../faults/errors.ts';
import type { RouteSource } from '../../routes/route.ts';
import { fillSourceUri, parseSourceUri, showUri } from '../../transports/source.ts';
import type { PartHost, PartRow } from '../feed.ts';
import type { FaultLine, HostState, SourceAttempt } from '../model.ts';

export function toRow(entry: Entry): PartRow {
  const { target, route, routed, lastGood, history, durationMs } = entry;
  return {
    ...{ host: target.host, state: stateOf(entry), route: route.name },
    source: lastGood?.source ?? showSource(route.sources[0]),
    folder: routed.tags.find((tag) => tag.startsWith('/')),
    producedAtMs: lastGood?.producedAtMs,
    bytes: lastGood?.bytes,
    durationMs: durationMs && Math.round(durationMs),
    everyMs: routed.everyMs,
    failures: history.failures,
    fault: faultOf(entry),
  };
}

/** Of the last cycle; one that has been got over is no fault. */
function faultOf({ lastFault, history }: Entry): FaultLine | undefined {
  if (lastFault === undefined || history.failures === 0) return undefined;
  const { error, line, atMs } = lastFault;
  return { code: error.code, line, atMs };
}

function stateOf({ lastGood, lastFault, history, laid }: Entry): HostState {
  if (history.failures === 0) return lastGood === undefined ? 'never' : 'fresh';
  if (laid === 'grace') return 'grace';
  const code = lastFault?.error.code ?? 'INTERNAL';
  if (code === 'NO_OUTPUT' && lastGood === undefined) return 'never';
  return faults[code].silence ? 'silent' : 'faulty';
}

function showSource(source: RouteSource | undefined): string | undefined {
  return source && showUri(source.uri);
}

/** @param clocks what the clock of the day and the monotonic one say at the moment */
export function toPartHost(
  entry: Entry,
  clocks: { readonly nowMs: number; readonly monotonicMs: number },
): PartHost {
  const { target, laid, history, isRunning, dueMs, lastGood } = entry;
  const dueInMs = Math.max(0, dueMs - clocks.monotonicMs);
  return {
    served: laid,
    backoff: !isBackingOff(history) ? 'none' : isRunning ? 'retrying' : 'waiting',
    isRunning,
    // To the second: the two clocks differ by less from look to look, and would be news each time.
    nextDueAtMs: Math.round((clocks.nowMs + dueInMs) / 1000) * 1000,
    ...(target.address === undefined ? {} : { address: target.address }),
    sources: listSources(entry),
    remarks: lastGood !== undefined && lastGood.losses !== '' ? [lastGood.losses] : [],
    seal: lastGood?.seal === undefined ? [] : describeSeal(lastGood.seal),
  };
}

function describeSeal({ key, sequence, expiresAtMs }: NonNullable<Entry['lastGood']>['seal'] & {}) {
  return [
    { label: 'Sealed with', value: key },
    { label: 'Sealed at', value: sequence },
    ...(expiresAtMs === undefined ? [] : [{ label: 'Key', value: 'ends', atMs: expiresAtMs }]),
  ];
}

function listSources({ route, target, attempts }: Entry): readonly SourceAttempt[] {
  const notes = new Map(attempts.map((note) => [note.uri, note]));
  const latestMs = Math.max(0, ...attempts.map(({ atMs }) => atMs));
  const list = (sources: readonly RouteSource[], role: 'chain' | 'with') =>
    sources.map(({ uri }) => {
      const { text, scheme } = parseSourceUri(uri);
      const source = showUri(fillSourceUri({ text, scheme }, target));
      return { role, source, scheme, ...toAttempt(notes.get(text), latestMs) };
    });
  return [...list(route.sources, 'chain'), ...list(route.with, 'with')];
}

function toAttempt(
  note: AttemptNote | undefined,
  latestMs: number,
): Omit<SourceAttempt, 'role' | 'source' | 'scheme'> {
  if (note === undefined) return { outcome: latestMs === 0 ? 'untried' : 'skipped' };
  const { atMs, durationMs, fault, bytes, producedAtMs } = note;
  return {
    outcome: fault === undefined ? 'good' : 'fault',
    ...{ atMs, durationMs, bytes, producedAtMs },
    ...(fault === undefined ? {} : { code: fault.code, line: fault.line }),
  };
}
