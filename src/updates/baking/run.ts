/** A whole bake: what is worked out, kept and told. */

import { CourierError } from '../../faults/errors.ts';
import { counted } from '../../names/counted.ts';
import type { KnownHost, Updates } from '../configuration/rules.ts';
import { toPlannedStages } from '../configuration/stages.ts';
import { type Actor, recordDecision } from '../repository/audit.ts';
import { changeState } from '../repository/opening.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import { type Offer, type Plan, readPlan, writePlan } from '../repository/plan.ts';
import { newestRootVersion, readRootBytes } from '../repository/root-files.ts';
import { type Baked, readAllBaked } from './baked.ts';
import { type Batch, gatherBatches, hashOf, type RestingOffer, toOffer } from './baking.ts';
import { keepRelease } from './keeping.ts';
import type { Sources } from './sources.ts';

/** One release of a bake, as it is told. */
export interface BakedRelease {
  readonly agentHash: string;
  readonly platform: string;
  readonly agent: Baked['agent'];
  readonly scripts: readonly string[];
  readonly confidential: boolean;
  readonly hosts: readonly string[];
  /** Hosts that had another one in the plan before, or none. */
  readonly changed: readonly string[];
  readonly isNew: boolean;
}

export interface BakeReport {
  readonly dryRun: boolean;
  readonly releases: readonly BakedRelease[];
  /** Hosts that are to keep what they have. */
  readonly kept: readonly string[];
  /** Hosts whose updater is to be switched off. */
  readonly removed: readonly string[];
  /** Hosts that no rule fits. */
  readonly left: readonly string[];
  /** Hosts of the plan before that get nothing any more. */
  readonly dropped: readonly string[];
  /** Null: no key has been made yet, and new hosts have nothing to believe. */
  readonly rootVersion: number | null;
}

export interface BakeRequest {
  readonly updates: Updates;
  readonly hosts: readonly KnownHost[];
  readonly sources: Sources;
  readonly places: UpdatePlaces;
  readonly isDry: boolean;
  /** Called with each release when it is done. */
  readonly tell: (release: BakedRelease) => Promise<void>;
}

/**
 * Bakes every release there is to be, and writes the plan when all of them are on disk.
 *
 * @throws CourierError CONFIG, TOO_LARGE, LOCAL; the plan is the one before then
 */
export async function bake(request: BakeRequest, actor: Actor): Promise<BakeReport> {
  const { places, isDry } = request;
  const version = await newestRootVersion(places);
  const root = version === 0 ? undefined : await readRootBytes(places, version);
  const baked = await readAllBaked(places);
  const before = planned((await readPlanBefore(places))?.offers ?? [], baked);
  const ingredients = { sources: request.sources, root, baked };
  const { batches, resting, left } = await gatherBatches(
    request.updates,
    request.hosts,
    ingredients,
  );
  const known = new Map(baked.map((entry) => [entry.agentHash, entry]));
  const offers: Offer[] = [...resting];
  const releases: BakedRelease[] = [];
  for (const batch of batches) {
    if (!isDry) offers.push(toOffer(batch, await keep(places, batch)));
    const release = toRelease(batch, before, !known.has(hashOf(batch)));
    await request.tell(release);
    releases.push(release);
  }
  const stages = toPlannedStages(request.updates.stages, request.hosts);
  if (!isDry) await changePlan(places, { offers, ...(stages && { stages }) }, actor);
  const meant = new Set<string>([...batches, ...resting].flatMap(({ hosts }) => hosts));
  const dropped = [...before.keys()].filter((host) => !meant.has(host));
  const rests = { kept: hostsWith('keep', resting), removed: hostsWith('remove-updater', resting) };
  return { dryRun: isDry, releases, ...rests, left, dropped, rootVersion: version || null };
}

function hostsWith(action: RestingOffer['action'], resting: readonly RestingOffer[]) {
  return resting.flatMap((offer) => (offer.action === action ? offer.hosts : [])).sort();
}

async function keep(places: UpdatePlaces, batch: Batch): Promise<Baked> {
  return 'made' in batch ? keepRelease(places, batch.made) : batch.foreign;
}

/** What a host is to get, in a word that is the same when nothing changes. */
function planned(offers: readonly Offer[], baked: readonly Baked[]): ReadonlyMap<string, string> {
  const releases = new Map(
    baked.flatMap(({ agentHash, packages }) => packages.map(({ sha256 }) => [sha256, agentHash])),
  );
  return new Map(
    offers.flatMap((offer) => {
      const word =
        offer.action === 'install'
          ? `${releases.get(offer.packageSha256)} ${offer.platform}`
          : offer.action;
      return offer.hosts.map((host) => [host, word] as const);
    }),
  );
}

function toRelease(
  batch: Batch,
  before: ReadonlyMap<string, string>,
  isNew: boolean,
): BakedRelease {
  const word = `${hashOf(batch)} ${batch.platform}`;
  const about =
    'made' in batch
      ? {
          agent: { kind: batch.made.agent.kind, version: batch.made.agent.version },
          scripts: batch.made.scripts,
          confidential: batch.made.isConfidential,
        }
      : { agent: batch.foreign.agent, scripts: [], confidential: batch.foreign.confidential };
  return {
    agentHash: hashOf(batch),
    platform: batch.platform,
    ...about,
    hosts: batch.hosts,
    changed: batch.hosts.filter((host) => before.get(host) !== word),
    isNew,
  };
}

/** A damaged one is written anew, as its error says. */
async function readPlanBefore(places: UpdatePlaces): Promise<Plan | undefined> {
  return readPlan(places).catch((error: unknown) => {
    if (error instanceof CourierError && error.code === 'CONFIG') return undefined;
    throw error;
  });
}

async function changePlan(
  places: UpdatePlaces,
  planned: Omit<Plan, 'bakedAt'>,
  actor: Actor,
): Promise<void> {
  await changeState(places, async () => {
    const before = await readPlanBefore(places);
    await writePlan(places, { bakedAt: new Date(actor.clock.now()).toISOString(), ...planned });
    const [was, is] = [before, planned].map(describePlan);
    await recordDecision(places, { what: 'plan', before: was ?? '', after: is ?? '' }, actor);
  });
}

function describePlan(plan: Omit<Plan, 'bakedAt'> | undefined): string {
  const stages = plan?.stages === undefined ? '' : `, in ${counted(plan.stages.length, 'stage')}`;
  return `${describeOffers(plan?.offers ?? [])}${stages}`;
}

function describeOffers(offers: readonly Offer[]): string {
  if (offers.length === 0) return 'nothing';
  return offers
    .map((offer) => {
      const what = offer.action === 'install' ? offer.agentHash : offer.action;
      return `${what} for ${offer.hosts.length} ${offer.hosts.length === 1 ? 'host' : 'hosts'}`;
    })
    .join(', ');
}
