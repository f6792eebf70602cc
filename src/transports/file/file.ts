/** `file:`: a file, or the newest complete file in a directory. */

import type { Logger } from '../../logging/log.ts';
import { lookInto } from '../../system/file-lanes.ts';
import { untilAborted } from '../../system/until-aborted.ts';
import { type Delivery, defineTransport } from '../transport.ts';
import { type LookRules, lookAt } from './drop.ts';
import { checkFileUri, type DropLocation, locateDrop } from './location.ts';
import { untilSettled } from './settle.ts';

export const file = defineTransport({
  options: {
    requireSha256: {
      kind: 'switch',
      describe: 'refuse a file without a FILE.sha256 beside it',
    },
  },
  traits: { concurrency: 64, consumes: false },
  async open(uri, { requireSha256 }, context) {
    checkFileUri(uri);
    const { maxOutputBytes, maxSkewMs, clock, accepts } = context;
    return {
      async fetch(target, signal) {
        signal.throwIfAborted();
        const asked = { host: target.host, accepts, signal };
        const rules = { maxOutputBytes, maxSkewMs, requireSha256, clock, ...asked };
        return untilAborted(fetchDrop(locateDrop(uri, target), rules, context.log), signal);
      },
    };
  },
});

async function fetchDrop(
  location: DropLocation,
  rules: Omit<LookRules, 'isLast'>,
  log: Logger,
): Promise<Delivery> {
  const look = (isLast: boolean) =>
    lookInto(location.base, rules.signal, () => lookAt(location, { ...rules, isLast }));
  const { output, path, modifiedAt, passedOver } = await untilSettled(look, { ...rules, log });
  return {
    output,
    origin: path,
    producedAt: modifiedAt,
    passedOver,
    async acknowledge() {},
  };
}
