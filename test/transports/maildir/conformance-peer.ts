/** The conformance peer of maildir: mails to one mailbox of this machine. */

import { join } from 'node:path';
import { maildir } from '../../../src/transports/maildir/maildir.ts';
import { parseSourceUri } from '../../../src/transports/source.ts';
import type { ConformancePeer } from '../../conformance/peer.ts';
import { makeTempDir, removeTempDir } from '../../helpers/temp-dir.ts';
import { germanDate, makeMail, toMailDate } from '../../mail/messages.ts';
import { deliver, makeMaildir, withdraw } from '../../peers/maildir.ts';

export async function startMaildir(): Promise<ConformancePeer> {
  const directory = await makeTempDir();
  const box = join(directory, 'Maildir');
  await makeMaildir(box);
  const delivered: { host: string; path: string }[] = [];
  const source = {
    uri: parseSourceUri(`maildir://${box}`),
    options: { mailSubject: ['Checkmk {host}'] },
  };
  return {
    module: maildir,
    source,
    offerMisdated: async (host, output) => {
      const mail = makeMail(host, output, { Date: germanDate });
      delivered.push({ host, path: await deliver(box, mail) });
      return source;
    },
    offer: async (host, output, producedAt = new Date()) => {
      const mail = makeMail(host, output, { Date: toMailDate(producedAt) });
      delivered.push({ host, path: await deliver(box, mail, { arrivedAt: producedAt }) });
    },
    withdraw: async (host) => {
      for (const mail of delivered.filter((candidate) => candidate.host === host)) {
        await withdraw(box, mail.path);
      }
    },
    keepsOlder: true,
    secrets: [],
    leftovers: async () => [],
    close: () => removeTempDir(directory),
  };
}
