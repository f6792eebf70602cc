/** Sources on this machine: file, exec, maildir, spool. */

import { mkdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSourceUri, type Source } from '../../src/transports/source.ts';
import { makeOutput } from '../conformance/fetching.ts';
import type { ConformancePeer } from '../conformance/peer.ts';
import { makeMail } from '../mail/messages.ts';
import { deliver } from '../peers/maildir.ts';
import { filesOf } from '../spool/spools.ts';
import { startPrograms } from '../transports/exec/conformance-peer.ts';
import { dropHalf, startDirectories, startFiles } from '../transports/file/conformance-peer.ts';
import { startMaildir } from '../transports/maildir/conformance-peer.ts';
import { startSpool } from '../transports/spool/conformance-peer.ts';
import { longAgo } from './faulty-source.ts';
import type { Variant } from './variant.ts';

const noLogin = { because: 'nobody has to log in on this machine' };
const noPeer = { because: 'it is read here, and nobody has to answer' };

const inFiles = {
  dead: 'LOCAL',
  hanging: noPeer,
  stale: 'STALE',
  torn: 'MALFORMED',
  HTML: 'MALFORMED',
  refused: noLogin,
} as const;

/** The same source with another path. */
function at(uri: string) {
  return ({ source }: ConformancePeer): Source => ({ ...source, uri: parseSourceUri(uri) });
}

/** The directory a source without placeholders leads to. */
function directoryOf({ source }: ConformancePeer): string {
  return source.uri.text.replace(/^[a-z]+:\/\//, '');
}

export const localVariants: readonly Variant[] = [
  {
    name: 'file: one file a host',
    transport: 'file',
    start: startFiles,
    skip: false,
    expected: inFiles,
    nowhere: at('/no/such/directory/{host}.txt'),
  },
  {
    name: 'file: one directory a host',
    transport: 'file',
    start: startDirectories,
    skip: false,
    expected: inFiles,
    nowhere: at('/no/such/directory/{host}/'),
    async tear(peer, host) {
      const directory = directoryOf(peer).replace('{host}', host);
      await mkdir(directory, { recursive: true });
      await dropHalf(join(directory, 'half'));
    },
  },
  {
    name: 'exec',
    transport: 'exec',
    start: startPrograms,
    skip: false,
    expected: {
      dead: 'LOCAL',
      hanging: 'TIMEOUT',
      stale: { because: 'a program says what is so now' },
      torn: 'PEER',
      HTML: 'MALFORMED',
      refused: noLogin,
    },
    nowhere: at('exec:/no/such/program'),
  },
  {
    name: 'maildir',
    transport: 'maildir',
    start: startMaildir,
    skip: false,
    expected: { ...inFiles, dead: 'CONFIG' },
    nowhere: at('maildir:///no/such/Maildir'),
    async tear(peer, host, output) {
      const mail = makeMail(host, output);
      await deliver(directoryOf(peer), mail.subarray(0, mail.length - 200));
    },
  },
  {
    name: 'spool',
    transport: 'spool',
    start: startSpool,
    skip: false,
    // In place of torn output there is the one before it, and that is old.
    expected: { ...inFiles, torn: 'STALE' },
    nowhere: at('spool:///no/such/spool'),
    async tear(peer, host, output) {
      await peer.offer(host, output, longAgo());
      await peer.offer(host, makeOutput());
      const [newest = ''] = await filesOf(directoryOf(peer), host);
      await truncate(newest, 150);
    },
  },
];
