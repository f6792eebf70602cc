/** Piggyback for hosts that are enrolled: it counts only where their enrolment, or a seal, lets it. */

import { parseAgentOutput } from '../agent-output/parser.ts';
import { CourierError } from '../faults/errors.ts';
import { type HostName, isHostName } from '../names/host-name.ts';
import type { Delivery } from '../transports/transport.ts';
import type { CheckContext } from './accept.ts';
import { hasEnrolments, type Seal } from './sealed.ts';

const marker = Buffer.from('<<<<');

/** How output came, as far as that matters for its piggyback. */
interface Carrier {
  readonly seal: Seal | undefined;
  readonly proof: Delivery['proof'];
}

/**
 * Refuses piggyback for an enrolled host unless the seal it came in allows that host: otherwise a
 * sender that is believed for one host could write for hosts that are believed by their seal alone.
 *
 * @throws CourierError REFUSED; CONFIG or LOCAL when enrolments cannot be read
 */
export async function requireOwnPiggyback(
  output: Buffer,
  host: HostName,
  { seal, proof }: Carrier,
  context: Pick<CheckContext, 'env'>,
): Promise<void> {
  // Output whose seal was opened before has passed this check then.
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
