/** `spool:`: what the receiver or the collector has stored last for the host. */

import { lookInto } from '../../system/file-lanes.ts';
import { defineTransport } from '../transport.ts';
import { findSpoolDirectory } from './location.ts';
import { fetchSpooled } from './spooled.ts';

const concurrency = 64;

export const spool = defineTransport({
  options: {},
  traits: { concurrency, consumes: false },
  async open(uri, _options, context) {
    const directory = findSpoolDirectory(uri, context.env);
    return {
      async fetch(target, signal) {
        signal.throwIfAborted();
        return lookInto(directory, signal, () => fetchSpooled(directory, target, context));
      },
      async subscribe(subscriber, signal) {
        const { SpoolFollower } = await import('./following.ts');
        const followed = { directory, concurrency };
        await new SpoolFollower(followed, subscriber, context, signal).run();
      },
    };
  },
});
