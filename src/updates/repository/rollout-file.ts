/** The rollout that is under way: which hosts it is for, in which stages, and how far it has come. */

import { z } from 'zod';
import { CourierError } from '../../faults/errors.ts';
import { isHostName } from '../../names/host-name.ts';
import { findTextFile, replaceFile } from '../../system/durable-files.ts';
import { makePrivateDirectory } from './opening.ts';
import type { UpdatePlaces } from './places.ts';

/** All of something in shares, which are told in hundredths of a percent. */
export const whole = 10_000;

const share = z.int().min(0).max(whole);
const host = z.string().refine((text): boolean => isHostName(text), 'no name of a host');
const time = z.iso.datetime();

/** A stage as updates.yaml describes it. Shares are in hundredths of a percent. */
export const stageShape = z.strictObject({
  name: z.string().min(1).max(100),
  /** Of the hosts that its conditions fit: those whose bucket lies below it. */
  share: share.min(1),
  /** Hosts that its conditions fit; all where there are none. */
  hosts: z.array(host).readonly().optional(),
  /** How long it is watched at least before the next one opens. */
  soakSeconds: z.int().min(0).max(31_536_000),
  /** How many of its hosts must have the release by then: a number, or a share of them. */
  successes: z.union([z.strictObject({ number: z.int().min(0) }), z.strictObject({ share })]),
  /** More than that share of its hosts failing holds the rollout. */
  failures: share,
  /** More than that share of its hosts silent holds the rollout. */
  silent: share,
  /** Whether a person opens the next one. */
  isByHand: z.boolean(),
});

const openedShape = z.strictObject({
  at: time,
  by: z.string(),
  /** Failures and silent hosts that a person has seen and accepted when resuming. */
  accepted: z.strictObject({ failed: z.int().min(0), silent: z.int().min(0) }),
});

const holdShape = z.strictObject({ since: time, by: z.string(), why: z.string() });

const rolloutShape = z.strictObject({
  /** Random; it decides which hosts are early. */
  id: z.string().regex(/^[0-9a-f]{32}$/),
  startedAt: time,
  startedBy: z.string(),
  stages: z.array(stageShape).min(1).readonly(),
  /** Hosts that it is for, and the counter of the target it is to bring them to. */
  hosts: z.record(host, z.int().min(1)),
  /** One for each stage that is open, in their order. */
  opened: z.array(openedShape).readonly(),
  hold: holdShape.nullable(),
  doneAt: time.nullable(),
});

const fileShape = z.strictObject({
  rollout: rolloutShape.nullable(),
  /** Hosts whose updater may be switched off: somebody has typed that it shall be. */
  removals: z.array(host).readonly(),
});

export type Stage = z.infer<typeof stageShape>;
export type Rollout = z.infer<typeof rolloutShape>;
export type Hold = z.infer<typeof holdShape>;
export type RolloutFile = z.infer<typeof fileShape>;

const nothing: RolloutFile = { rollout: null, removals: [] };

/**
 * Nothing before the first rollout. A damaged file is a fault, and no host is offered anything: it
 * may say that all has to stand still.
 *
 * @throws CourierError CONFIG when it is damaged, or others may change it; LOCAL
 */
export async function readRolloutFile({ rollout: path }: UpdatePlaces): Promise<RolloutFile> {
  const text = await findTextFile(path);
  if (text === undefined) return nothing;
  try {
    return fileShape.parse(JSON.parse(text));
  } catch (error) {
    const how = 'is damaged; `cmk-courier updates rollout start` begins anew';
    throw new CourierError('CONFIG', `${path} ${how}`, { cause: error });
  }
}

/** @throws CourierError LOCAL; the old one is still there then */
export async function writeRolloutFile(places: UpdatePlaces, file: RolloutFile): Promise<void> {
  await makePrivateDirectory(places.directory);
  await replaceFile(places.rollout, `${JSON.stringify(file)}\n`);
}
