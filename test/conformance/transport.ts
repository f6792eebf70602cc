/** The suite every transport passes; its tests are the sentences of the contract in src/transports/transport.ts. */

import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { arrivals } from './arrivals.ts';
import { endings } from './endings.ts';
import { faultsToRaise } from './faults.ts';
import { hostNames } from './host-names.ts';
import { assertNothingLeft, countHoldings, type Holdings } from './leftovers.ts';
import type { ConformancePeer, Sentences } from './peer.ts';
import { secrecy } from './secrecy.ts';
import { subscribing } from './subscribing.ts';

export type { ConformancePeer } from './peer.ts';

const sentences: Sentences = {
  ...arrivals,
  ...hostNames,
  ...faultsToRaise,
  ...endings,
  ...secrecy,
  ...subscribing,
};

/** Far beyond what a test needs: it ends a fetch that would hang for ever. */
const timeoutMs = 120_000;

/** Registers the suite's tests under `describe(name)`; `skip` is a reason or false. */
export function testTransportConformance(
  name: string,
  start: () => Promise<ConformancePeer>,
  skip: string | false,
): void {
  describe(name, { skip }, () => {
    let peer: ConformancePeer;
    let held: Holdings;
    before(async () => {
      peer = await start();
    });
    beforeEach(() => {
      held = countHoldings();
    });
    afterEach(() => assertNothingLeft(peer, held));
    after(() => peer.close());
    for (const [sentence, check] of Object.entries(sentences)) {
      test(sentence, { timeout: timeoutMs }, (context) => check(peer, context));
    }
  });
}
