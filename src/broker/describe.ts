/** What `cmk-courier broker` says, in words. */

import { cleanText } from '../faults/errors.ts';
import { counted } from '../names/counted.ts';
import { formatDuration } from '../times/durations.ts';
import type { StoredReport, StreamReport } from './administration.ts';

/** A step of opening a seal, and what came of it. */
export interface SealStep {
  readonly step: string;
  readonly isGood: boolean;
  readonly message: string;
}

/** What the stream has, and the steps of opening it where it is sealed. */
export interface Shown extends StoredReport {
  readonly seal: readonly SealStep[] | undefined;
}

/** A few lines, the differences last. */
export function describeStream(report: StreamReport): string {
  const { stream, server, replicas, leader, hosts, bytes, differences, remarks } = report;
  const led = leader === undefined ? '' : `, led by ${leader}`;
  const lines = [
    `stream ${stream}: ${counted(hosts, 'host')}, ${counted(bytes, 'byte')}, ${counted(replicas, 'replica')}${led} (${server})`,
    ...remarks.map((remark) => `note: ${remark}`),
    ...differences.map(
      ({ setting, is, wanted, weight }) =>
        `${weight === 'loses' ? 'wrong' : 'differs'}: ${setting} is ${is}, wanted is ${wanted}`,
    ),
  ];
  if (differences.length === 0) lines.push('everything is as it should be');
  return `${lines.join('\n')}\n`;
}

/** What the stream has of a host. */
export function describeStored(stored: Shown, nowMs: number): string {
  const { host, subject, sequence, bytes, producedAt, storedAt, headers } = stored;
  const age = (at: Date) => formatDuration(Math.max(0, nowMs - at.getTime()));
  const produced =
    producedAt === undefined
      ? 'a time nobody can read'
      : `${producedAt.toISOString()} (${age(producedAt)} ago)`;
  const lines = [
    `${host}: ${subject}, message ${sequence}, ${bytes} bytes`,
    `produced ${produced}`,
    `stored   ${storedAt.toISOString()} (${age(storedAt)} ago)`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(stored.seal ?? []).map(
      ({ step, isGood, message }) =>
        `seal ${isGood ? 'ok  ' : 'FAIL'} ${step}: ${cleanText(message)}`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

/** The same for scripts. */
export function toStoredDocument({ body: _, ...stored }: Shown, nowMs: number): object {
  const { producedAt, storedAt } = stored;
  return {
    ...stored,
    seal: stored.seal ?? null,
    producedAt: producedAt?.toISOString() ?? null,
    storedAt: storedAt.toISOString(),
    ageMs: producedAt === undefined ? null : nowMs - producedAt.getTime(),
  };
}
