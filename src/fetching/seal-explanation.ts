/** What is in a sealed drop, step by step, and where a fetch would refuse it. */

import { parseAgentOutput } from '../agent-output/parser.ts';
import { requireForm } from '../agent-output/validator.ts';
import { CourierError } from '../faults/errors.ts';
import { asCourierError } from '../faults/system-errors.ts';
import type { HostName } from '../names/host-name.ts';
import { readHeader, splitDrop } from '../sealing/drop.ts';
import { nameSigner, verifyDrop } from '../sealing/opening.ts';
import { sealBookFor } from '../sealing/seal-book.ts';
import { fromStamp } from '../sealing/stamp.ts';
import { formatDuration } from '../times/durations.ts';
import { decompress, type OutputLimit } from '../wrapping/decompress.ts';
import { recogniseCompression } from '../wrapping/first-bytes.ts';
import { unwrap } from '../wrapping/unwrap.ts';
import type { CheckContext } from './accept.ts';
import { openForHost } from './open-seal.ts';
import type { SealRules } from './sealed.ts';

/** One step and its outcome. */
export interface ExplainedStep {
  readonly step: string;
  readonly isGood: boolean;
  readonly message: string;
}

/** All steps that were taken; the last one is the fault, if there is one. */
export interface Explanation {
  readonly steps: readonly ExplainedStep[];
  readonly fault: CourierError | undefined;
}

/**
 * Looks at a drop as a fetch would, and changes nothing.
 *
 * @param asked for which host; undefined: the one its header names
 */
export async function explainDrop(
  bytes: Buffer,
  asked: HostName | undefined,
  rules: SealRules,
  context: CheckContext,
): Promise<Explanation> {
  const steps: ExplainedStep[] = [];
  const take = async <Result>(
    step: string,
    work: () => Promise<readonly [Result, string]>,
  ): Promise<Result> => {
    try {
      const [result, message] = await work();
      steps.push({ step, isGood: true, message });
      return result;
    } catch (thrown) {
      const error = asCourierError(thrown, step);
      steps.push({ step, isGood: false, message: `${error.message} (${error.code})` });
      throw error;
    }
  };
  try {
    await explain(bytes, asked, [rules, context], take);
    return { steps, fault: undefined };
  } catch (error) {
    if (error instanceof CourierError) return { steps, fault: error };
    throw error;
  }
}

type Take = <Result>(
  step: string,
  work: () => Promise<readonly [Result, string]>,
) => Promise<Result>;

async function explain(
  packed: Buffer,
  asked: HostName | undefined,
  [rules, context]: readonly [SealRules, CheckContext],
  take: Take,
): Promise<void> {
  const limit = { ...context, maxOutputBytes: rules.maxOutputBytes };
  const bytes = await take('file', async () => [
    await uncompress(packed, limit),
    `${packed.length} bytes`,
  ]);
  const drop = await take('form', async () => {
    const taken = splitDrop(bytes);
    return [
      taken,
      `signed with ${nameSigner(taken.signature)}, a body of ${taken.body.length} bytes`,
    ];
  });
  const header = await take('header', async () => {
    const read = readHeader(drop.payload);
    const ageMs = context.clock.now() - fromStamp(read.produced).getTime();
    const how = read.wrappedKeys.length === 0 ? 'not encrypted' : 'encrypted';
    const told =
      ageMs < 0 ? `${formatDuration(-ageMs)} in the future` : `${formatDuration(ageMs)} old`;
    return [read, `of ${read.host}, ${told}, ${read.contentEncoding}, ${how}; nothing proven yet`];
  });
  const host = asked ?? header.host;
  await take('signature', async () => {
    const enrolment = await sealBookFor(context.env).enrolments.find(host);
    if (enrolment === undefined) throw new CourierError('REFUSED', `${host} has no enrolment`);
    const { signer } = verifyDrop(bytes, enrolment.keys);
    return [signer, `right, by the key "${signer.label}" of ${enrolment.name}`];
  });
  const { output } = await take('trust', async () => {
    const opened = await openForHost(bytes, { producedAt: undefined }, host, [rules, limit]);
    return [opened, `of ${host}, of an allowed age, not older than before; body whole`];
  });
  await take('output', async () => {
    const plain = await unwrap(output, limit, { passphrase: rules.passphrase });
    requireForm(plain, { lenient: false, host });
    const { sections } = parseAgentOutput(plain, host);
    return [plain, `${plain.length} bytes, ${sections.length} sections`];
  });
}

/** The layers around the drop, if there are any. */
async function uncompress(bytes: Buffer, limit: OutputLimit): Promise<Buffer> {
  const compression = recogniseCompression(bytes);
  return compression === undefined ? bytes : decompress(bytes, compression, limit);
}
