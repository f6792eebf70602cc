/** The stream that keeps the newest output of each host: how it is set up, and what differs from that. */

import type { JetStreamManager, StreamConfig } from '@nats-io/jetstream';
import { CourierError, cleanText, quote } from '../faults/errors.ts';
import { formatDuration } from '../times/durations.ts';

/** The name of the stream, when a site has all of the broker for itself. */
export const defaultStream = 'COURIER';

/**
 * The name of a stream: it is a part of subjects.
 *
 * @throws CourierError USAGE
 */
export function parseStreamName(raw: string): string {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(raw)) return raw;
  throw new CourierError('USAGE', `must be letters, digits, - and _, not ${quote(raw)}`);
}

/** What an administrator decides about the stream. */
export interface StreamWanted {
  readonly name: string;
  readonly subjects: string;
  /** How many servers keep each message; acknowledged is what most of them have. */
  readonly replicas: number;
  readonly maxAgeMs: number;
}

/** One setting of the stream that is there, and what it should be. */
export interface Difference {
  readonly setting: string;
  readonly is: string;
  readonly wanted: string;
  /**
   * `loses` where outputs get lost or the older one may win, `differs` where it is a matter of
   * taste and room.
   */
  readonly weight: 'loses' | 'differs';
}

const nanosecondsInMs = 1e6;
const duplicateWindowMs = 120_000;

/** The configuration as JetStream has it, in nanoseconds. All of it is known since nats-server 2.9. */
function toStreamConfig(wanted: StreamWanted): Pick<StreamConfig, 'name'> & Partial<StreamConfig> {
  return {
    name: wanted.name,
    description: 'the newest agent output of each host (cmk-courier)',
    subjects: [wanted.subjects],
    storage: 'file',
    retention: 'limits',
    max_msgs_per_subject: 1,
    discard: 'old',
    allow_direct: true,
    num_replicas: wanted.replicas,
    max_age: wanted.maxAgeMs * nanosecondsInMs,
    duplicate_window: Math.min(duplicateWindowMs, wanted.maxAgeMs) * nanosecondsInMs,
  };
}

type Compared = readonly [
  setting: string,
  weight: Difference['weight'],
  read: (config: Partial<StreamConfig>) => unknown,
];

const compared: readonly Compared[] = [
  ['subjects', 'loses', ({ subjects }) => subjects?.join(', ')],
  ['storage', 'loses', ({ storage }) => storage],
  ['retention', 'loses', ({ retention }) => retention],
  ['max_msgs_per_subject', 'loses', ({ max_msgs_per_subject: most }) => most],
  ['discard', 'loses', ({ discard }) => discard],
  ['allow_direct', 'loses', ({ allow_direct: allows }) => allows === true],
  ['num_replicas', 'differs', ({ num_replicas: replicas }) => replicas],
  ['max_age', 'differs', ({ max_age: age = 0 }) => showAge(age)],
];

/** Limits that nothing of ours sets, and that throw outputs away when they are reached. */
const unlimited: readonly Compared[] = [
  ['max_msgs', 'loses', ({ max_msgs: most }) => most],
  ['max_bytes', 'loses', ({ max_bytes: most }) => most],
  ['max_msg_size', 'loses', ({ max_msg_size: most }) => most],
  ['max_consumers', 'loses', ({ max_consumers: most }) => most],
];

/**
 * What turns a stream into something else. With roll-ups or schedules one message of a host takes away
 * or writes what is of others; an asynchronous stream acknowledges what is not stored yet.
 */
const neverSet = [
  'sealed',
  'no_ack',
  'mirror',
  'sources',
  'subject_transform',
  'allow_rollup_hdrs',
  'allow_msg_schedules',
  'allow_msg_counter',
  'persist_mode',
] as const;

/** What of the stream that is there is not as it should be; nothing is changed. */
export function findDifferences(
  found: Partial<StreamConfig>,
  wanted: StreamWanted,
): readonly Difference[] {
  const config = toStreamConfig(wanted);
  return [
    ...compared.map(([setting, weight, read]) => ({
      setting,
      weight,
      is: cleanText(String(read(found))),
      wanted: String(read(config)),
    })),
    ...unlimited.map(([setting, weight, read]) => ({
      setting,
      weight,
      is: showLimit(read(found)),
      wanted: 'unlimited',
    })),
    ...neverSet.flatMap((setting) => {
      return isSet(Reflect.get(found, setting))
        ? [{ setting, weight: 'loses' as const, is: 'set', wanted: 'not set' }]
        : [];
    }),
  ].filter(({ is, wanted: right }) => is !== right);
}

function isSet(value: unknown): boolean {
  const unset: readonly unknown[] = [undefined, null, false, 'default'];
  return !unset.includes(value) && !(Array.isArray(value) && value.length === 0);
}

function showLimit(value: unknown): string {
  return typeof value === 'number' && value > 0 ? String(value) : 'unlimited';
}

function showAge(nanoseconds: number): string {
  return nanoseconds === 0 ? 'unlimited' : formatDuration(nanoseconds / nanosecondsInMs);
}

/** Makes the stream. The library's errors pass through. */
export async function addStream(manager: JetStreamManager, wanted: StreamWanted): Promise<void> {
  await manager.streams.add(toStreamConfig(wanted));
}
