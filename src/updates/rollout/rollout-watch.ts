/**
 * A rollout as the server sees it: every answer of a host is counted, and before anything is decided
 * the gates are looked at. So a rollout stops by itself, without anybody who runs a command.
 */

import type { Clock } from '../../clock.ts';
import { type HostName, isHostName } from '../../names/host-name.ts';
import type { PublishedTargets } from '../repository/host-targets.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import type { PlannedIntervals } from '../repository/planned-intervals.ts';
import { readRolloutFile } from '../repository/rollout-file.ts';
import { WatchedFile } from '../repository/watched-file.ts';
import type { Contact, Contacts } from '../server/contacts.ts';
import type { Identities, Identity } from '../server/identities.ts';
import { changeRollout } from './changing.ts';
import { judge } from './gates.ts';
import { follow } from './moves.ts';
import { Placements } from './placement.ts';
import { Soaking } from './soaking.ts';
import { type Participant, tallyStages, toParticipant } from './tally.ts';

/** How often gates are looked at while hosts ask; at once when one tells of a failure. */
const betweenMs = 10_000;
/** After so long everything is read again: hosts may have been excluded, or revoked. */
const rereadMs = 600_000;

export interface RolloutSources {
  readonly places: UpdatePlaces;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly contacts: Contacts;
  readonly identities: Identities;
  readonly published: PublishedTargets;
  readonly intervals: PlannedIntervals;
}

export class RolloutWatch {
  readonly #sources: RolloutSources;
  readonly #file: WatchedFile<Placements>;
  readonly #startedMs: number;
  readonly #soaking = new Soaking();
  #participants = new Map<string, Participant>();
  #stages: ReadonlyMap<string, number> = new Map();
  /** Since everything was read, or began to be. */
  readonly #noted = new Map<string, Participant>();
  /** Which rollout they belong to, and when they were read. */
  #readFor = '';
  #readAtMs = 0;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;

  constructor(sources: RolloutSources) {
    this.#sources = sources;
    const { places, clock } = sources;
    this.#file = new WatchedFile(places.rollout, async () => {
      return new Placements(await readRolloutFile(places));
    });
    this.#startedMs = clock.monotonic();
  }

  /** Counts what a host has told. */
  async note(host: HostName, contact: Contact, identity: Identity): Promise<void> {
    if (!this.#stages.has(host) && this.#looking === undefined) return;
    const participant = await this.#toParticipant(host, contact, identity);
    // What is read from disk meanwhile may be older.
    this.#noted.set(host, participant);
    this.#participants.set(host, participant);
    if (contact.standing?.code !== '-') this.#lookedAtMs = Number.NEGATIVE_INFINITY;
  }

  /**
   * Where everybody stands, after the gates have had their say. Ask for it behind the published
   * targets: what is published in stages has its rollout on disk first.
   *
   * @throws CourierError CONFIG when the rollout is damaged; LOCAL
   */
  async look(): Promise<Placements> {
    const placements = await this.#file.read();
    const { rollout } = placements.file;
    if (rollout === null || rollout.hold !== null || rollout.doneAt !== null) return placements;
    const nowMs = this.#sources.clock.monotonic();
    const isDue = nowMs - this.#lookedAtMs >= betweenMs;
    if (isDue) {
      // One looks for all who ask meanwhile, and they wait for it.
      this.#looking ??= this.#passGates(placements).finally(() => {
        this.#looking = undefined;
      });
    }
    await this.#looking;
    return this.#file.read();
  }

  async #passGates({ stages, file }: Placements): Promise<void> {
    const { rollout } = file;
    if (rollout === null) return;
    await this.#readParticipants(rollout.id, stages);
    this.#lookedAtMs = this.#sources.clock.monotonic();
    const { places, clock } = this.#sources;
    const listeningForMs = this.#lookedAtMs - this.#startedMs;
    const moment = { nowMs: clock.now(), listeningForMs };
    const tallies = tallyStages(rollout, stages, this.#participants.values(), moment);
    const verdict = judge(rollout, tallies, this.#soaking.momentOf(rollout, clock));
    if (verdict.step === 'wait') return;
    const mover = { by: 'gates', at: new Date(moment.nowMs).toISOString() };
    const actor = { clock, env: {}, by: mover.by };
    // A hold that cannot be written, since the disk is full or somebody has the lock, still holds:
    // all who ask come by here until it is.
    if (verdict.step === 'hold') this.#lookedAtMs = Number.NEGATIVE_INFINITY;
    await changeRollout(places, actor, verdict.why, (now) => {
      // Somebody else may have moved it since.
      if (now === null || JSON.stringify(now) !== JSON.stringify(rollout)) return now;
      return follow(now, verdict, mover);
    });
    // A stage without a host is passed at once.
    if (verdict.step === 'open') this.#lookedAtMs = Number.NEGATIVE_INFINITY;
  }

  async #readParticipants(id: string, stages: ReadonlyMap<string, number>): Promise<void> {
    const { clock, contacts, identities } = this.#sources;
    const nowMs = clock.monotonic();
    if (this.#readFor === id && nowMs - this.#readAtMs < rereadMs) return;
    this.#noted.clear();
    const known = new Map((await identities.list()).map((identity) => [identity.host, identity]));
    const asked = await contacts.list((name) => stages.has(name));
    const told = new Map(asked.map((contact) => [contact.host, contact]));
    const participants = new Map<string, Participant>();
    for (const host of [...stages.keys()].filter(isHostName)) {
      const participant = await this.#toParticipant(host, told.get(host), known.get(host));
      participants.set(host, participant);
    }
    for (const [host, participant] of this.#noted) participants.set(host, participant);
    this.#stages = stages;
    [this.#participants, this.#readFor, this.#readAtMs] = [participants, id, nowMs];
  }

  async #toParticipant(
    host: HostName,
    contact: Contact | undefined,
    identity: Identity | undefined,
  ): Promise<Participant> {
    const { published, intervals } = this.#sources;
    const target = await published.of(host);
    const intervalSeconds = await intervals.of(host);
    return toParticipant({ host, contact, identity, target, intervalSeconds });
  }
}
