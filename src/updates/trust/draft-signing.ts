/** `cmk-courier updates root sign` and `discard`: the draft of a root, here or elsewhere. */

import type { CommandContext } from '../../cli/command.ts';
import { CourierError } from '../../faults/errors.ts';
import { readRoot } from '../documents/root.ts';
import { keyNames } from '../keys/key-names.ts';
import { listKeys } from '../keys/key-ring.ts';
import { Passphrases } from '../keys/passphrases.ts';
import { dropNextStampKey } from '../keys/stamp-key.ts';
import { recordDecision } from '../repository/audit.ts';
import { changeState } from '../repository/opening.ts';
import { updatePlaces } from '../repository/places.ts';
import { makeBatch } from '../signing/batch.ts';
import { readBatchFile } from '../signing/batch-files.ts';
import { signBatch } from '../signing/batch-signing.ts';
import { type BatchWishes, requireOneWay, writeBatchFile } from '../signing/batch-wishes.ts';
import { TrustAdministration, type TrustWishes } from './administration.ts';
import { describeDifference } from './difference.ts';
import { type Draft, readDraft, removeDraft } from './draft.ts';
import { unlockSigners } from './local-signers.ts';
import { mergeSignatures, rootBefore } from './root-signatures.ts';

type DraftWishes = BatchWishes & Omit<TrustWishes, 'draft' | 'valid'>;

/** @throws CourierError USAGE where nothing is drafted, or for options that do not go together */
export async function signDraft(wishes: DraftWishes, context: CommandContext): Promise<void> {
  requireOneWay(wishes);
  const all = { ...wishes, draft: false, valid: 0 };
  if (wishes.batch !== undefined) {
    return signElsewhere(wishes.batch, wishes.output ?? '', all, context);
  }
  const administration = new TrustAdministration(all, context);
  const draft = await requireDraft(administration);
  if (wishes.export !== undefined) {
    await writeBatchFile(wishes.export, makeBatch('root', [draft.envelope.payload]));
    const how = `\`cmk-courier updates root sign --batch=${wishes.export} --output=SIGNED\``;
    await administration.print(`root ${draft.root.version} in ${wishes.export}\n${how} signs it\n`);
    return;
  }
  if (wishes.import === undefined) {
    await administration.sign(draft);
    return;
  }
  const brought = await readBatchFile(wishes.import);
  const [document] = brought.documents;
  if (brought.kind !== 'root' || !document?.payload.equals(draft.envelope.payload)) {
    throw new CourierError('REFUSED', 'what was signed is not what is drafted here');
  }
  const signatures = mergeSignatures(draft.envelope.signatures, document.signatures);
  const taker = new TrustAdministration({ ...all, draft: true }, context);
  await taker.sign({ ...draft, envelope: { ...draft.envelope, signatures } });
}

/** Knows nothing but what is in the file, and shows all of it. */
async function signElsewhere(
  path: string,
  output: string,
  wishes: TrustWishes,
  context: CommandContext,
): Promise<void> {
  const places = updatePlaces(context.env, wishes.dir);
  const batch = await readBatchFile(path);
  const [document] = batch.documents;
  if (batch.kind !== 'root' || document === undefined) {
    throw new CourierError('USAGE', `${path} holds targets; \`cmk-courier updates sign\``);
  }
  const root = await readRoot(document.payload);
  const lines = describeDifference(undefined, root, await keyNames(places));
  await print([`root ${root.version}, all of it:`, ...lines].join('\n  '), context);
  const here = new Set((await listKeys(places)).map(({ id }) => id));
  const passphrases = new Passphrases(wishes, context);
  const signers = await unlockSigners(places, wishes.key, here, passphrases);
  if (signers.length === 0) throw new CourierError('USAGE', `no key is in ${places.keys}`);
  await writeBatchFile(output, await signBatch(batch, signers, context.shutdown, () => {}));
  await print(
    `signed in ${output}; \`cmk-courier updates root sign --import=FILE\` there`,
    context,
  );
}

async function requireDraft({ places }: TrustAdministration): Promise<Draft> {
  const draft = await readDraft(places);
  if (draft !== undefined) return draft;
  throw new CourierError('USAGE', 'no root is drafted');
}

/** @throws CourierError USAGE where nothing is drafted */
export async function discardDraft(
  wishes: { readonly dir: string | undefined },
  context: CommandContext,
): Promise<void> {
  const places = updatePlaces(context.env, wishes.dir);
  const draft = await readDraft(places);
  if (draft === undefined) throw new CourierError('USAGE', 'no root is drafted');
  const lines = describeDifference(await rootBefore(places), draft.root, await keyNames(places));
  await changeState(places, async () => {
    const decision = { what: 'root draft', before: lines.join('; '), after: 'discarded' };
    await recordDecision(places, decision, context);
    await removeDraft(places);
    await dropNextStampKey(places);
  });
  await print(`the draft of root ${draft.root.version} is gone`, context);
}

async function print(text: string, { writeOutput }: CommandContext): Promise<void> {
  await writeOutput(Buffer.from(`${text}\n`));
}
