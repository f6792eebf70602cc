/** Relays as they said last that they are, and when they were heard of. */

import type { Clock } from '../../clock.ts';
import { cleanText } from '../../faults/errors.ts';
import { describeSilence } from '../../relay/looking.ts';
import type { RelayNote } from '../../relay/message.ts';
import {
  listRelays,
  type RelayRecord,
  readRelay,
  removeRelay,
  writeRelay,
} from '../../relay/records.ts';

/** A relay, as it proved to be. */
export interface RelayIdentity {
  /** `token-1a2b…`. */
  readonly id: string;
  readonly name: string;
  readonly address: string;
}

interface Settings {
  readonly spool: string;
  readonly clock: Clock;
  /** Does what may fail, and tells it. Never rejects. */
  readonly attempt: (work: () => Promise<void>) => Promise<void>;
}

/** A relay is not written down more often, unless something is to be seen; nor is it silent by then. */
const quietMs = { shortest: 1000, longest: 5000 } as const;
const writesPerContact = 3;
/** That it is refused is not written down more often: anybody can say an id. */
const quietRefusalMs = 30_000;
/** One that is gone for so long is no news any more. */
const longestSilenceMs = 30 * 86_400_000;
/** What is on disk is looked at so often while somebody asks for figures. */
const refreshMs = 10_000;

export class KnownRelays {
  readonly #settings: Settings;
  readonly #relays = new Map<string, RelayRecord>();
  readonly #writtenMs = new Map<string, number>();
  #refreshedMs = Number.NEGATIVE_INFINITY;
  /** Those whose namesakes were not looked for yet. */
  readonly #fresh: RelayRecord[] = [];
  #looking: Promise<void> | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Those heard of here, and those the spool knew when {@link refresh} looked last. */
  get all(): readonly RelayRecord[] {
    return [...this.#relays.values()];
  }

  /**
   * Looks what was heard before our start, or by another receiver of this spool: a relay that is
   * silent since then is to be seen as well. Never rejects.
   */
  async refresh(): Promise<void> {
    const { spool, clock, attempt } = this.#settings;
    if (clock.monotonic() - this.#refreshedMs < refreshMs) return;
    this.#refreshedMs = clock.monotonic();
    await attempt(async () => {
      const there = new Map((await listRelays(spool)).map((relay) => [relay.id, relay]));
      for (const [id, relay] of there) {
        const known = this.#relays.get(id);
        if (known === undefined || known.lastContactMs < relay.lastContactMs) {
          this.#relays.set(id, relay);
        }
      }
      for (const id of [...this.#relays.keys()]) if (!there.has(id)) this.#relays.delete(id);
    });
  }

  /** Notes that a relay was heard of. Never rejects. */
  async heardOf(relay: RelayIdentity, note: RelayNote): Promise<void> {
    const nowMs = this.#settings.clock.now();
    const skewMs = note.sentAtMs - nowMs;
    const { startedAtMs, contactMs, hosts, waiting, isEnding = false } = note;
    const version = cleanText(note.version, 100);
    const about = { version, startedAtMs, contactMs, hosts, waiting, skewMs, isEnded: isEnding };
    const record = { ...relay, ...about, lastContactMs: nowMs };
    const before = this.#relays.get(relay.id);
    this.#relays.set(relay.id, record);
    const writtenMs = this.#writtenMs.get(relay.id) ?? Number.NEGATIVE_INFINITY;
    const isNew =
      before?.isEnded !== record.isEnded ||
      before.startedAtMs !== startedAtMs ||
      before.hosts !== hosts;
    const pauseMs = Math.max(contactMs / writesPerContact, quietMs.shortest);
    if (!isNew && Math.abs(nowMs - writtenMs) < Math.min(pauseMs, quietMs.longest)) return;
    this.#writtenMs.set(relay.id, nowMs);
    await this.#settings.attempt(() => this.#write(record, before === undefined));
  }

  /** @param mayBeNew whether only the disk knows if it was heard of before */
  async #write(record: RelayRecord, mayBeNew: boolean): Promise<void> {
    const { spool } = this.#settings;
    // After a start many come at once, and only for new ones all others are looked at.
    const isNew = mayBeNew && (await readRelay(spool, record.id)) === undefined;
    await writeRelay(spool, record);
    if (isNew) await this.#forgetNamesakes(record);
  }

  /**
   * A relay that got a new token or certificate is another one by its id: what it was is no news any
   * more. Where many are new at once, such as when another receiver has failed, they share a look.
   */
  async #forgetNamesakes(relay: RelayRecord): Promise<void> {
    this.#fresh.push(relay);
    this.#looking ??= this.#lookForNamesakes().finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
  }

  async #lookForNamesakes(): Promise<void> {
    const { spool, clock } = this.#settings;
    while (this.#fresh.length > 0) {
      const idOf = new Map(this.#fresh.splice(0).map(({ id, name }) => [name, id]));
      for (const other of await listRelays(spool)) {
        const id = idOf.get(other.name);
        if (id === undefined || id === other.id) continue;
        if (describeSilence(other, clock.now()) !== undefined) await this.#forget(other);
      }
    }
  }

  /** Notes why a relay that is known by its id was not let in. Never rejects. */
  async turnedAway(id: string, message: string): Promise<void> {
    const nowMs = this.#settings.clock.now();
    await this.#settings.attempt(async () => {
      const relay = this.#relays.get(id) ?? (await readRelay(this.#settings.spool, id));
      const sinceMs = Math.abs(nowMs - (relay?.refusal?.atMs ?? Number.NEGATIVE_INFINITY));
      if (relay === undefined || sinceMs < quietRefusalMs) return;
      const record = { ...relay, refusal: { atMs: nowMs, message } };
      if (this.#relays.has(id)) this.#relays.set(id, record);
      await writeRelay(this.#settings.spool, record);
    });
  }

  /**
   * Forgets those that were not heard of for long, or whose name another one has that is heard of.
   *
   * @throws CourierError LOCAL
   */
  async prune(): Promise<void> {
    const nowMs = this.#settings.clock.now();
    const all = await listRelays(this.#settings.spool);
    const isSilent = (relay: RelayRecord) => describeSilence(relay, nowMs) !== undefined;
    const heardOf = new Set(all.filter((relay) => !isSilent(relay)).map(({ name }) => name));
    for (const relay of all) {
      const { name, lastContactMs, refusal } = relay;
      const isOld = nowMs - Math.max(lastContactMs, refusal?.atMs ?? 0) >= longestSilenceMs;
      if (isOld || (isSilent(relay) && heardOf.has(name))) await this.#forget(relay);
    }
  }

  async #forget({ id }: RelayRecord): Promise<void> {
    this.#relays.delete(id);
    this.#writtenMs.delete(id);
    await removeRelay(this.#settings.spool, id);
  }
}
