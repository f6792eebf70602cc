/** Takes signatures in: what was signed has to be what was handed out, byte for byte. */

import { CourierError } from '../../faults/errors.ts';
import { type HostName, isHostName } from '../../names/host-name.ts';
import { type Envelope, joinEnvelope } from '../../sealing/envelope.ts';
import { syncDirectory } from '../../system/durable-files.ts';
import type { Root } from '../documents/root.ts';
import { readTarget } from '../documents/target.ts';
import { findSigners } from '../documents/verifying.ts';
import { keepBytes } from '../repository/by-digest.ts';
import {
  type HostTarget,
  type HostTargets,
  readHostTargets,
  writeHostTargets,
} from '../repository/host-targets.ts';
import { changeState, makePrivateDirectory } from '../repository/opening.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import { readPlan } from '../repository/plan.ts';
import { readDraft } from '../trust/draft.ts';
import { mergeSignatures } from '../trust/root-signatures.ts';
import type { Batch } from './batch.ts';
import { dropBatch, findBatch, keepBatch } from './batch-files.ts';

/** What became of a batch. */
export interface TakenIn {
  readonly documents: number;
  readonly counter: number;
  /** Signatures that every document has by now, and how many it needs. */
  readonly signed: number;
  readonly needed: number;
}

/**
 * Adds the signatures of a batch to those that were taken in before. Once there are enough its
 * targets are ready to be published.
 *
 * @throws CourierError REFUSED for a batch that was not made here, or says something else; CONFIG; LOCAL
 */
export async function takeInTargets(
  places: UpdatePlaces,
  batch: Batch,
  root: Root,
): Promise<TakenIn> {
  const draft = (await readDraft(places))?.root;
  const keys = [...root.keys, ...(draft?.keys ?? [])];
  const mine = await findBatch(places, batch.id);
  if (mine === undefined || mine.kind !== batch.kind) {
    throw new CourierError('REFUSED', `this batch was not made here, or is done with: ${batch.id}`);
  }
  const documents: Envelope[] = [];
  let signed = Number.POSITIVE_INFINITY;
  for (const [index, own] of mine.documents.entries()) {
    const { document, count } = await mergeDocument(own, batch.documents[index], { root, keys });
    documents.push(document);
    signed = Math.min(signed, count);
  }
  const merged = { ...mine, documents };
  const needed = root.thresholds.release;
  const { counter } = readTarget(documents[0]?.payload ?? Buffer.alloc(0));
  if (signed < needed) await keepBatch(places, merged);
  else await makeReady(places, merged, root);
  return { documents: documents.length, counter, signed, needed };
}

/** Keeps only signatures that count, or will count with the next root. */
async function mergeDocument(
  own: Envelope,
  brought: Envelope | undefined,
  { root, keys }: { readonly root: Root; readonly keys: Root['keys'] },
) {
  if (brought === undefined || !brought.payload.equals(own.payload)) {
    throw new CourierError('REFUSED', 'what was signed is not what was handed out');
  }
  const signatures = mergeSignatures(own.signatures, brought.signatures);
  const merged = { ...own, signatures };
  const known = await findSigners(merged, { keys }, 'release');
  const good = signatures.filter(({ id }) => known.has(id));
  const { size } = await findSigners(merged, root, 'release');
  return { document: { ...own, signatures: good }, count: size };
}

async function makeReady(places: UpdatePlaces, batch: Batch, root: Root): Promise<void> {
  await makePrivateDirectory(places.targets);
  const fresh = new Map<HostName, HostTarget>();
  for (const document of batch.documents) {
    const bytes = joinEnvelope(document);
    const targetSha256 = await keepBytes(places.targets, bytes, false);
    const target = readTarget(document.payload);
    const host = target.audience.replace(/^host:/, '');
    if (!isHostName(host)) throw new CourierError('INTERNAL', 'a target that is for no host');
    fresh.set(host, {
      counter: target.counter,
      targetSha256,
      packageSha256: target.package?.sha256 ?? '-',
      agentHash: target.package?.agentHash ?? '-',
      expires: target.expires,
      action: target.action,
    });
  }
  await syncDirectory(places.targets);
  await changeState(places, async () => {
    await writeHostTargets(places.signed, await joinReady(places, fresh, root));
    await dropBatch(places, batch.id);
  });
}

/** Hosts of the plan with their newest good target; a host that has left the plan gets none. */
async function joinReady(places: UpdatePlaces, fresh: HostTargets, root: Root) {
  const plan = await readPlan(places);
  const planned = new Set(plan?.offers.flatMap(({ hosts }) => hosts) ?? []);
  const all = new Map(await newestTargets(places));
  for (const [host, target] of fresh) {
    const there = all.get(host);
    if (there === undefined || there.counter <= target.counter) all.set(host, target);
  }
  return new Map(
    [...all].filter(([host, { counter }]) => planned.has(host) && counter >= root.floorCounter),
  );
}

/** For each host the newest target that is signed, whether it is published or not. */
export async function newestTargets(places: UpdatePlaces): Promise<HostTargets> {
  const all = new Map(await readHostTargets(places.published));
  for (const [host, target] of await readHostTargets(places.signed)) {
    const there = all.get(host);
    if (there === undefined || there.counter <= target.counter) all.set(host, target);
  }
  return all;
}
