/** `cmk-courier updates sign`: here, or on a machine without network. */

import type { CommandContext } from '../../cli/command.ts';
import { CourierError } from '../../faults/errors.ts';
import { fingerprintOf } from '../../sealing/keys.ts';
import { toStamp } from '../../sealing/stamp.ts';
import type { Root } from '../documents/root.ts';
import { readTarget } from '../documents/target.ts';
import { listKeys } from '../keys/key-ring.ts';
import { Passphrases, type PassphraseWishes } from '../keys/passphrases.ts';
import { recordDecision } from '../repository/audit.ts';
import { readCounter, takeCounter } from '../repository/counter.ts';
import { changeState } from '../repository/opening.ts';
import { type UpdatePlaces, updatePlaces } from '../repository/places.ts';
import { type Plan, readPlan } from '../repository/plan.ts';
import { requireNewestRoot } from '../repository/root-files.ts';
import { listStandings } from '../server/host-facts.ts';
import { readDraft } from '../trust/draft.ts';
import { unlockSigners } from '../trust/local-signers.ts';
import { type Batch, makeBatch } from './batch.ts';
import { keepBatch, listBatches, readBatchFile } from './batch-files.ts';
import { signBatch } from './batch-signing.ts';
import { type BatchWishes, requireOneWay, writeBatchFile } from './batch-wishes.ts';
import { countTargets, describeBatch } from './describe-batch.ts';
import { newestTargets, takeInTargets } from './taking-in.ts';
import {
  findChanged,
  hostsOf,
  requirePackages,
  type Wanted,
  writeTargets,
} from './target-batch.ts';
import { highestUsed } from './used-counters.ts';

export interface SignWishes extends PassphraseWishes, BatchWishes {
  readonly dir: string | undefined;
  readonly key: readonly string[];
  readonly all: boolean;
  readonly valid: number;
}

/** @throws CourierError USAGE for options that do not go together */
export async function signTargets(wishes: SignWishes, context: CommandContext): Promise<void> {
  requireOneWay(wishes);
  const signing = new TargetSigning(wishes, context);
  if (wishes.export !== undefined) await signing.exportTo(wishes.export);
  else if (wishes.import !== undefined) await signing.importFrom(wishes.import);
  else if (wishes.batch !== undefined) await signing.signFile(wishes.batch, wishes.output ?? '');
  else await signing.signHere();
}

class TargetSigning {
  readonly #wishes: SignWishes;
  readonly #context: CommandContext;
  readonly #places: UpdatePlaces;

  constructor(wishes: SignWishes, context: CommandContext) {
    this.#wishes = wishes;
    this.#context = context;
    this.#places = updatePlaces(context.env, wishes.dir);
  }

  /** Makes a batch, signs it with the keys at hand, and takes it in. */
  async signHere(): Promise<void> {
    const { root } = await requireNewestRoot(this.#places);
    const batch = await this.#prepare(root);
    if (batch === undefined)
      return this.#print('nothing to sign: all targets are as they should\n');
    const next = (await readDraft(this.#places))?.root;
    await this.#takeIn(await this.#sign(batch, idsOf(root, next)), root);
  }

  async exportTo(path: string): Promise<void> {
    const { root } = await requireNewestRoot(this.#places);
    const batch = await this.#prepare(root);
    if (batch === undefined)
      return this.#print('nothing to sign: all targets are as they should\n');
    await writeBatchFile(path, batch);
    const how = `\`cmk-courier updates sign --batch=${path} --output=SIGNED\` where the key is`;
    await this.#print(`${describe(batch)} in ${path}\n${how}\n`);
  }

  /** On a machine that knows nothing but its keys. */
  async signFile(path: string, output: string): Promise<void> {
    const batch = await readBatchFile(path);
    if (batch.kind !== 'target') {
      throw new CourierError('USAGE', `${path} holds a root; \`cmk-courier updates root sign\``);
    }
    await this.#print(describeBatch(batch));
    const here = new Set((await listKeys(this.#places)).map(({ id }) => id));
    await writeBatchFile(output, await this.#sign(batch, here));
    await this.#print(`signed in ${output}; \`cmk-courier updates sign --import=FILE\` there\n`);
  }

  async importFrom(path: string): Promise<void> {
    const { root } = await requireNewestRoot(this.#places);
    await this.#takeIn(await readBatchFile(path), root);
  }

  /** Goes on with a batch that waits for signatures, if it is what would be made now. */
  async #prepare(root: Root): Promise<Batch | undefined> {
    const plan = await this.#requirePlan();
    const wanted = hostsOf(plan);
    const nowMs = this.#context.clock.now();
    const there = await newestTargets(this.#places);
    const changed = this.#wishes.all
      ? wanted
      : await findChanged(wanted, { places: this.#places, root, there, nowMs });
    if (changed.length === 0) return undefined;
    const waiting = await this.#findWaiting(changed);
    if (waiting !== undefined) return waiting;
    const { floorCounter } = root;
    const standings = await listStandings(this.#places, this.#context.clock);
    return changeState(this.#places, async () => {
      const used = await highestUsed(this.#places, { floorCounter, targets: there, standings });
      const counter = await takeCounter(this.#places, used);
      const issued = toStamp(new Date(nowMs));
      const expires = toStamp(new Date(nowMs + this.#wishes.valid));
      const batch = makeBatch('target', writeTargets(changed, { counter, issued, expires }));
      await keepBatch(this.#places, batch);
      return batch;
    });
  }

  async #requirePlan(): Promise<Plan> {
    const plan = await readPlan(this.#places);
    if (plan === undefined) {
      throw new CourierError(
        'CONFIG',
        'there is nothing to sign; `cmk-courier updates bake` first',
      );
    }
    await requirePackages(this.#places, plan);
    return plan;
  }

  async #findWaiting(changed: readonly Wanted[]): Promise<Batch | undefined> {
    const last = await readCounter(this.#places);
    return (await listBatches(this.#places)).find(({ kind, documents }) => {
      const [first] = documents;
      if (kind !== 'target' || first === undefined) return false;
      const { counter, issued, expires } = readTarget(first.payload);
      if (counter !== last || documents.length !== changed.length) return false;
      const payloads = writeTargets(changed, { counter, issued, expires });
      return documents.every(({ payload }, index) => payloads[index]?.equals(payload));
    });
  }

  async #sign(batch: Batch, mayCount: ReadonlySet<string>): Promise<Batch> {
    const passphrases = new Passphrases(this.#wishes, this.#context);
    const { key } = this.#wishes;
    const signers = await unlockSigners(this.#places, key, mayCount, passphrases);
    if (signers.length === 0) {
      const ids = [...mayCount].map(fingerprintOf).join(', ');
      const which = ids === '' ? `none is in ${this.#places.keys}` : `it takes one of ${ids}`;
      throw new CourierError(
        'USAGE',
        `no key that signs is here: ${which}; --export takes it there`,
      );
    }
    const tell = this.#progressOf(batch.documents.length);
    return signBatch(batch, signers, this.#context.shutdown, tell);
  }

  /** A line every few seconds, where it takes longer than that. */
  #progressOf(all: number): (done: number) => void {
    const everyMs = 3000;
    let nextMs = this.#context.clock.monotonic() + everyMs;
    return (done) => {
      if (this.#context.clock.monotonic() < nextMs) return;
      nextMs = this.#context.clock.monotonic() + everyMs;
      this.#context.writeError(`signed ${done} of ${all}\n`);
    };
  }

  async #takeIn(batch: Batch, root: Root): Promise<void> {
    const { documents, counter, signed, needed } = await takeInTargets(this.#places, batch, root);
    const after = `${countTargets(documents)} with counter ${counter}, ${signed} of ${needed} signatures`;
    await recordDecision(this.#places, { what: 'sign', before: batch.id, after }, this.#context);
    const next =
      signed < needed
        ? '`cmk-courier updates sign` goes on with another key, here or elsewhere with --export'
        : '`cmk-courier updates publish` lets them hold';
    await this.#print(`${after}\n${next}\n`);
  }

  async #print(text: string): Promise<void> {
    await this.#context.writeOutput(Buffer.from(text));
  }
}

/** Keys whose signatures count, or will count with the next root. */
function idsOf(...roots: readonly (Root | undefined)[]): ReadonlySet<string> {
  const keys = roots.flatMap((root) => root?.keys ?? []);
  return new Set(keys.filter(({ roles }) => roles.includes('release')).map(({ id }) => id));
}

function describe({ documents, id }: Batch): string {
  return `${countTargets(documents.length)}, batch ${id.slice(0, 16)},`;
}
