/** A Dovecot for all tests of a file, and what they do with its mailbox. */

import { readFile } from 'node:fs/promises';
import { after } from 'node:test';
import { imap } from '../../../src/transports/imap/imap.ts';
import type { Source } from '../../../src/transports/source.ts';
import type { Delivery } from '../../../src/transports/transport.ts';
import { neverAborts, toTarget } from '../../conformance/fetching.ts';
import { type CollectingContext, makeOpenContext } from '../../helpers/open-context.ts';
import { skipWithout } from '../../helpers/required-peer.ts';
import { type Dovecot, mailOwner, startDovecot } from '../../peers/dovecot.ts';
import { deliver, listMessages } from '../../peers/maildir.ts';
import { sourceAt } from './peers.ts';

/** A reason to skip tests with a mailbox, or false. */
export const withoutDovecot = skipWithout('dovecot');

/** Fetches once and closes. */
export async function fetchFrom(
  source: Source,
  host: string,
  context: CollectingContext = makeOpenContext(),
): Promise<Delivery> {
  const transport = await imap.open(source, context);
  try {
    return await transport.fetch(toTarget(host), neverAborts());
  } finally {
    await transport.close();
  }
}

/** So many seconds ago. */
export function ago(seconds: number): Date {
  return new Date(Date.now() - seconds * 1000);
}

type MailboxSettings = Parameters<typeof startDovecot>[0] & {
  /** What is in it from the start on. */
  readonly mail?: Iterable<Buffer>;
};

/** A mailbox that lives as long as the tests of the file that makes it. */
export class Mailbox {
  readonly #dovecot: Dovecot | undefined;

  private constructor(dovecot: Dovecot | undefined) {
    this.#dovecot = dovecot;
  }

  /** With messages for hosts; without Dovecot on this machine there is none, and tests are skipped. */
  static async start({ mail = [], ...settings }: MailboxSettings = {}): Promise<Mailbox> {
    if (withoutDovecot !== false) return new Mailbox(undefined);
    const dovecot = await startDovecot(settings);
    after(() => dovecot.close());
    const mailbox = new Mailbox(dovecot);
    for (const message of mail) await mailbox.post(message);
    return mailbox;
  }

  get dovecot(): Dovecot {
    if (this.#dovecot === undefined) throw new Error('Dovecot has not been started');
    return this.#dovecot;
  }

  /** Delivers a message, into another Maildir than INBOX when one is named. */
  async post(message: Buffer, arrivedAt = new Date(), maildir = this.dovecot.maildir) {
    return deliver(maildir, message, { owner: mailOwner, arrivedAt });
  }

  /** Fetches over imaps:, with the usual options and these. */
  async fetch(
    host: string,
    options: Source['options'] = {},
    context?: CollectingContext,
  ): Promise<Delivery> {
    return fetchFrom(sourceAt(this.dovecot, 'imaps', options), host, context);
  }

  /** How many messages of a host are in INBOX. */
  async count(host: string): Promise<number> {
    const paths = await listMessages(this.dovecot.maildir);
    const texts = await Promise.all(paths.map((path) => readFile(path, 'latin1')));
    return texts.filter((text) => text.includes(`Subject: Checkmk ${host}\r\n`)).length;
  }
}
