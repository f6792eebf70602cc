/** What the contract says of secrets: they show nowhere. */

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { CourierError } from '../../src/faults/errors.ts';
import type { Source } from '../../src/transports/source.ts';
import { readCommandLines } from '../helpers/command-lines.ts';
import { makeOpenContext } from '../helpers/open-context.ts';
import { fetchFrom, makeHost, makeOutput, withOffer } from './fetching.ts';
import type { ConformancePeer, Sentences } from './peer.ts';

/** A secret as it is and as it looks on the wire. */
function toForms(secret: string): readonly string[] {
  return [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')];
}

/** Fails on the first text that holds a secret, without printing the secret. */
function assertSecretFree(peer: ConformancePeer, where: string, texts: readonly string[]): void {
  for (const form of peer.secrets.flatMap(toForms)) {
    const telltale = texts.find((text) => text.includes(form));
    assert.equal(telltale?.replaceAll(form, '[SECRET]'), undefined, `a secret is in ${where}`);
  }
}

/** The messages and stacks of an error, of its causes and of the errors it gathers. */
function toTexts(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [String(error)];
  const gathered: readonly unknown[] = error instanceof AggregateError ? error.errors : [];
  const causes = error.cause === undefined ? gathered : [error.cause, ...gathered];
  return [error.message, String(error.stack), ...causes.flatMap(toTexts)];
}

/** All a fetch says, whether it succeeds or not: origin, errors and log. */
async function listenTo(
  peer: ConformancePeer,
  host: string,
  source: Source,
  maxOutputBytes = 1_000_000,
): Promise<readonly string[]> {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(new CourierError('TIMEOUT', 'the test does not wait any longer'));
  }, 1000);
  const context = makeOpenContext({ signal: controller.signal, maxOutputBytes });
  try {
    const said = await fetchFrom(peer, host, { source, context }).then(
      (delivery) => [delivery.origin],
      toTexts,
    );
    return [...said, ...context.log.lines];
  } finally {
    clearTimeout(timer);
  }
}

/** The command lines seen while a fetch runs. */
async function watchCommandLines(fetched: Promise<unknown>): Promise<readonly string[]> {
  const seen = new Set<string>();
  let running = true;
  const ended = fetched.finally(() => {
    running = false;
  });
  while (running) {
    for (const line of await readCommandLines()) seen.add(line);
    await sleep(2);
  }
  await ended;
  return [...seen];
}

const none = 'this transport has no secrets';

export const secrecy: Sentences = {
  'a secret is in no error and no log line': async (peer, test) => {
    if (peer.secrets.length === 0) return test.skip(none);
    const sources = [peer.source, peer.wrongSecret, peer.stopsHalfWay, peer.hangs];
    await withOffer(peer, makeOutput(), async (host) => {
      for (const source of sources.filter((candidate) => candidate !== undefined)) {
        // At once, since each waits for a peer that hangs.
        const texts = await Promise.all([
          listenTo(peer, host, source),
          listenTo(peer, makeHost(), source),
          listenTo(peer, host, source, 10),
        ]);
        assertSecretFree(peer, 'an error or log line', texts.flat());
      }
    });
  },

  'a secret is in no error and no log line when the peer is gone': async (peer, test) => {
    if (peer.secrets.length === 0) return test.skip(none);
    if (peer.absence === undefined) return test.skip('the peer cannot be away');
    await peer.absence.lose();
    try {
      assertSecretFree(peer, 'an error', await listenTo(peer, makeHost(), peer.source));
    } finally {
      await peer.absence.restore();
    }
  },

  'a secret is in no argument list': async (peer, test) => {
    if (peer.secrets.length === 0) return test.skip(none);
    const source = peer.hangs ?? peer.source;
    const lines = await watchCommandLines(listenTo(peer, makeHost(), source));
    assertSecretFree(peer, 'an argument list', lines);
  },
};
