/** The conformance peers of imap: and imaps:: a real Dovecot, and one that hangs or stops. */

import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { imap } from '../../../src/transports/imap/imap.ts';
import { parseSourceUri, type Source } from '../../../src/transports/source.ts';
import type { ConformancePeer } from '../../conformance/peer.ts';
import { countConnections } from '../../helpers/established-connections.ts';
import { startHostileServer } from '../../helpers/hostile-server.ts';
import { skipWithout } from '../../helpers/required-peer.ts';
import { germanDate, makeMail, toMailDate } from '../../mail/messages.ts';
import { mailOwner, startDovecot } from '../../peers/dovecot.ts';
import { deliver, withdraw } from '../../peers/maildir.ts';
import { startFakeImap } from './fake-server.ts';
import { type Scheme, sourceAt } from './peers.ts';

export const skipImap = skipWithout('dovecot');

export const startImap = () => startPeer('imap');
export const startImaps = () => startPeer('imaps');

async function startPeer(scheme: Scheme): Promise<ConformancePeer> {
  const dovecot = await startDovecot();
  const silent = await startHostileServer(() => undefined);
  const breaking = await startFakeImap({
    message: makeMail('any', Buffer.alloc(100_000, 'x'), { Subject: 'Checkmk any' }),
    misbehave: (command, _, socket) => {
      if (!command.includes('BODY.PEEK[]')) return undefined;
      socket.end('* 1 FETCH (UID 11 RFC822.SIZE 130000 BODY[]<0> {130000}\r\nSubject: x');
      return '';
    },
  });
  const wrong = randomBytes(12).toString('hex');
  const wrongFile = join(dovecot.directory, 'wrong');
  await writeFile(wrongFile, wrong, { mode: 0o600 });
  const delivered: { host: string; path: string }[] = [];
  const plainAt = (port: number): Source => ({
    uri: parseSourceUri(`imap://${dovecot.user}@127.0.0.1:${port}/`),
    options: {
      passwordFile: [dovecot.passwordFile],
      mailSubject: ['*{host}*'],
      allowPlaintext: ['true'],
    },
  });
  const breakingSource = plainAt(breaking.port);
  return {
    module: imap,
    source: sourceAt(dovecot, scheme),
    keepsOlder: true,
    offer: async (host, output, producedAt = new Date()) => {
      const mail = makeMail(host, output, { Date: toMailDate(producedAt) });
      const arrival = { owner: mailOwner, arrivedAt: producedAt };
      delivered.push({ host, path: await deliver(dovecot.maildir, mail, arrival) });
    },
    offerMisdated: async (host, output) => {
      const mail = makeMail(host, output, { Date: germanDate });
      delivered.push({ host, path: await deliver(dovecot.maildir, mail, { owner: mailOwner }) });
      return sourceAt(dovecot, scheme);
    },
    withdraw: async (host) => {
      for (const mail of delivered.filter((candidate) => candidate.host === host)) {
        await withdraw(dovecot.maildir, mail.path);
      }
    },
    absence: { lose: () => dovecot.stop(), restore: () => dovecot.start() },
    stopsHalfWay: {
      ...breakingSource,
      options: { ...breakingSource.options, mailSubject: ['Checkmk *'], mailTo: ['checkmk@*'] },
      uri: parseSourceUri(`imap://{host}@127.0.0.1:${breaking.port}/`),
    },
    hangs: plainAt(silent.port),
    wrongSecret: sourceAt(dovecot, scheme, { passwordFile: [wrongFile] }),
    secrets: [dovecot.password, wrong],
    leftovers: async () => [
      ...(await countConnections([dovecot.port, dovecot.tlsPort])),
      ...(silent.countConnections() > 0 ? ['a connection to the silent server'] : []),
      ...(breaking.countConnections() > 0 ? ['a connection to the breaking server'] : []),
    ],
    close: async () => {
      await Promise.all([silent.close(), breaking.close(), dovecot.close()]);
    },
  };
}
