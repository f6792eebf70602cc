/** Changes of what hosts trust: drafted, signed with the keys at hand, and made the newest root. */

import type { CommandContext } from '../../cli/command.ts';
import { CourierError } from '../../faults/errors.ts';
import { toDay, toStamp } from '../../sealing/stamp.ts';
import { type Root, requireEnoughKeys, writeRoot } from '../documents/root.ts';
import { keyNames } from '../keys/key-names.ts';
import { describeLegacy, isLegacy } from '../keys/key-pair.ts';
import { listKeys } from '../keys/key-ring.ts';
import { Passphrases, type PassphraseWishes } from '../keys/passphrases.ts';
import { recordDecision } from '../repository/audit.ts';
import { readCounter } from '../repository/counter.ts';
import { readHostTargets } from '../repository/host-targets.ts';
import { changeState } from '../repository/opening.ts';
import { type UpdatePlaces, updatePlaces } from '../repository/places.ts';
import { newestRootVersion } from '../repository/root-files.ts';
import { signBytes } from '../signing/sign-bytes.ts';
import { describeDifference, nameKey } from './difference.ts';
import { type Draft, readDraft } from './draft.ts';
import { unlockSigners } from './local-signers.ts';
import { changesSigners, type RootChange, withFloor } from './root-changes.ts';
import { type Missing, mergeSignatures, rootBefore, settleDraft } from './root-signatures.ts';

/** What every command that makes a root is told. */
export interface TrustWishes extends PassphraseWishes {
  readonly dir: string | undefined;
  /** Aliases of the keys to sign with; none: all that are here. */
  readonly key: readonly string[];
  /** Leave it unsigned. */
  readonly draft: boolean;
  /** How long the root is good. */
  readonly valid: number;
}

export class TrustAdministration {
  readonly places: UpdatePlaces;
  readonly passphrases: Passphrases;
  readonly #wishes: TrustWishes;
  readonly #context: CommandContext;

  constructor(wishes: TrustWishes, context: CommandContext) {
    this.places = updatePlaces(context.env, wishes.dir);
    this.passphrases = new Passphrases(wishes, context);
    this.#wishes = wishes;
    this.#context = context;
  }

  /**
   * The root that changes are made to: the draft where there is one.
   *
   * @throws CourierError CONFIG where there is no root yet
   */
  async current(): Promise<Root> {
    const draft = await readDraft(this.places);
    const root = draft?.root ?? (await rootBefore(this.places));
    if (root !== undefined) return root;
    const how = '`cmk-courier updates root init --server=URL` makes the first one';
    throw new CourierError('CONFIG', `there is no root yet; ${how}`);
  }

  /** The root that changes would make; nothing is written. */
  async preview(change: RootChange): Promise<Root> {
    const before = await rootBefore(this.places);
    const changed = change(await this.current());
    const version = (before?.version ?? 0) + 1;
    const floor =
      before !== undefined && changesSigners(before, changed) ? await this.#plannedFloor() : 0;
    const next = withFloor(floor)({ ...changed, ...this.#period(), version });
    requireFollowable(next);
    await this.#requireStrong(next);
    return next;
  }

  /**
   * Drafts the next root, signs it with the keys at hand, and makes it the newest one if that is
   * enough.
   *
   * @returns whether it is
   */
  async change(change: RootChange): Promise<boolean> {
    return this.publish(await this.preview(change));
  }

  /** As {@link change}, for a root that is made already. */
  async publish(root: Root): Promise<boolean> {
    await this.#requireStrong(root);
    const unsigned = { payload: writeRoot(root), signatures: [] };
    return this.sign({ root, envelope: unsigned });
  }

  /** Adds signatures of the keys at hand to a draft. @returns whether it is the newest root now */
  async sign(draft: Draft): Promise<boolean> {
    const before = await rootBefore(this.places);
    const names = await keyNames(this.places);
    const lines = describeDifference(before, draft.root, names);
    await this.print([`root ${draft.root.version}:`, ...lines].join('\n  ').concat('\n'));
    const envelope = this.#wishes.draft ? draft.envelope : await this.#addSignatures(draft, before);
    const missing = await changeState(this.places, async () => {
      const left = await settleDraft(this.places, { ...draft, envelope });
      const what = left.length === 0 ? 'root' : 'root draft';
      const from = before === undefined ? 'none' : `root ${before.version}`;
      const after = `root ${draft.root.version}: ${lines.join('; ')}`;
      await recordDecision(this.places, { what, before: from, after }, this.#context);
      return left;
    });
    await this.#tell(draft.root, missing, names);
    return missing.length === 0;
  }

  async #addSignatures({ root, envelope }: Draft, before: Root | undefined) {
    const mayCount = [...root.keys, ...(before?.keys ?? [])]
      .filter(({ roles }) => roles.includes('root'))
      .map(({ id }) => id);
    const { key: aliases } = this.#wishes;
    const signers = await unlockSigners(this.places, aliases, new Set(mayCount), this.passphrases);
    const made = await Promise.all(
      signers.map(async ({ id, key }) => ({
        kind: 'key' as const,
        id,
        bytes: await signBytes(envelope.payload, key),
      })),
    );
    return { ...envelope, signatures: mergeSignatures(envelope.signatures, made) };
  }

  async #tell(root: Root, missing: readonly Missing[], names: ReadonlyMap<string, string>) {
    if (missing.length === 0) {
      await this.print(`root ${root.version} holds now, until ${toDay(root.expires)}\n`);
      return;
    }
    const lines = missing.map(({ version, signed, needed, could }) => {
      const keys = could.map((id) => nameKey(id, names)).join(', ');
      return `${signed} of ${needed} signatures of root ${version}; missing are some of ${keys}`;
    });
    const how = '`cmk-courier updates root sign` goes on, here or elsewhere with --export';
    await this.print(`root ${root.version} waits: ${lines.join('; ')}\n${how}\n`);
  }

  /**
   * Hosts forget their counters when keys change, and start from the floor: it may not lie above
   * what is published, or they would refuse that.
   */
  async #plannedFloor(): Promise<number> {
    const published = [...(await readHostTargets(this.places.published)).values()];
    if (published.length === 0) return readCounter(this.places);
    return Math.min(...published.map(({ counter }) => counter));
  }

  /** @throws CourierError REFUSED for a root that names a key which hosts do not believe */
  async #requireStrong({ keys }: Root): Promise<void> {
    const ids = new Set(keys.map(({ id }) => id));
    const weak = (await listKeys(this.places)).find((key) => ids.has(key.id) && isLegacy(key));
    if (weak === undefined) return;
    throw new CourierError('REFUSED', describeLegacy(weak.alias, weak));
  }

  #period() {
    const now = this.#context.clock.now();
    return { issued: toStamp(new Date(now)), expires: toStamp(new Date(now + this.#wishes.valid)) };
  }

  /** A root without one before it. @throws CourierError USAGE where there is one */
  async requireNone(): Promise<void> {
    const version = await newestRootVersion(this.places);
    if (version === 0) return;
    throw new CourierError('USAGE', `there is root ${version} in ${this.places.roots} already`);
  }

  /** When a root made now begins and ends. */
  get period() {
    return this.#period();
  }

  async print(text: string): Promise<void> {
    await this.#context.writeOutput(Buffer.from(text));
  }
}

/** @throws CourierError USAGE for a root that hosts would refuse */
function requireFollowable(root: Root): void {
  try {
    requireEnoughKeys(root);
  } catch (error) {
    if (!(error instanceof CourierError)) throw error;
    const how = 'add a key first, or in the same step';
    throw new CourierError('USAGE', `${error.message}; ${how}`, { cause: error });
  }
}
