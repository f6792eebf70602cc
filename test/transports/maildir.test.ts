import { join } from 'node:path';
import { parseSourceUri } from '../../src/source.ts';
import { maildir } from '../../src/transports/maildir/maildir.ts';
import { type ConformancePeer, testTransportConformance } from '../conformance/transport.ts';
import { makeTempDir, removeTempDir } from '../helpers/temp-dir.ts';
import { makeMail } from '../mail/messages.ts';
import { deliver, makeMaildir, withdraw } from '../peers/maildir.ts';

async function startPeer(): Promise<ConformancePeer> {
  const directory = await makeTempDir();
  const box = join(directory, 'Maildir');
  await makeMaildir(box);
  const delivered: { host: string; path: string }[] = [];
  return {
    module: maildir,
    source: {
      uri: parseSourceUri(`maildir://${box}`),
      options: { mailSubject: ['Checkmk {host}'] },
    },
    offer: async (host, output) => {
      delivered.push({ host, path: await deliver(box, makeMail(host, output)) });
    },
    withdraw: async (host) => {
      for (const mail of delivered.filter((candidate) => candidate.host === host)) {
        await withdraw(box, mail.path);
      }
    },
    secrets: [],
    leftovers: async () => [],
    close: () => removeTempDir(directory),
  };
}

testTransportConformance('maildir passes the conformance suite', startPeer, false);
