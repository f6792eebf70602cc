/** Piggyback for hosts that are enrolled: it counts only where their enrolment, or a seal, lets it. */

import { parseAgentOutput } from '../agent-output/parser.ts';
import { CourierError } from '../faults/errors.ts';
import { type HostName, isHostName } from '../names/host-name.ts';
import type { Delivery } from '../transports/transport.ts';
import type { CheckContext } from './accept.ts';
import { hasEnrolments, type Seal } from './sealed.ts';

const marker = Buffer.from('<<<<');

/** How output came, as far as its piggyback goes. */
interface Carrier {
  readonly seal: Seal | undefined;
  readonly proof: Delivery['proof'];
}

/**
 * Refuses what speaks for an enrolled host unless the seal it came in names that host: else whoever
 * is believed for one host could say anything of those that trust no way at all.
 *
 * @throws CourierError REFUSED; CONFIG or LOCAL when enrolments cannot be read
 */
export async function requireOwnPiggyback(
  output: Buffer,
  host: HostName,
  { seal, proof }: Carrier,
  context: Pick<CheckContext, 'env'>,
): Promise<void> {
  // What was opened before has been through here then.
  if (proof === 'opened' || !output.includes(marker) || !hasEnrolments(context)) return;
  const { sealBookFor } = await import('../sealing/seal-book.ts');
  const { enrolments } = sealBookFor(context.env);
  const { piggybackedHosts } = parseAgentOutput(output, host);
  for (const name of piggybackedHosts) {
    if (name === host || seal?.mayPiggyback(name)) continue;
    if (isHostName(name) && (await enrolments.find(name)) !== undefined) {
      const why =
        seal === undefined ? 'this has no seal' : `the key "${seal.label}" may not send it`;
      throw new CourierError(
        'REFUSED',
        `there is piggyback for ${name}, which is enrolled, and ${why}`,
      );
    }
  }
}
