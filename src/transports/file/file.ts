/** `file:`: a file, or the newest complete file in a directory. */

import type { Logger } from '../../logging/log.ts';
import { untilAborted } from '../../system/until-aborted.ts';
import { type Delivery, defineTransport } from '../transport.ts';
import { type DropRules, lookAt } from './drop.ts';
import { checkFileUri, type Location, locate } from './location.ts';
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
    const { maxOutputBytes, clock } = context;
    return {
      async fetch(target, signal) {
        signal.throwIfAborted();
        const rules = { maxOutputBytes, requireSha256, signal, clock };
        return untilAborted(fetchDrop(locate(uri, target), rules, context.log), signal);
      },
    };
  },
});

async function fetchDrop(location: Location, rules: DropRules, log: Logger): Promise<Delivery> {
  const drop = await untilSettled(() => lookAt(location, rules), { ...rules, log });
  return {
    output: drop.output,
    origin: drop.path,
    producedAt: drop.modifiedAt,
    async acknowledge() {},
  };
}
