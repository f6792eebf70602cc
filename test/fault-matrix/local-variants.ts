/** Sources on this machine: file, exec, maildir, spool. */

import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseSourceUri, type Source } from '../../src/transports/source.ts';
import { makeOutput } from '../conformance/fetching.ts';
import type { ConformancePeer } from '../conformance/peer.ts';
import { makeMail } from '../mail/messages.ts';
import { deliver } from '../peers/maildir.ts';
import { filesOf } from '../spool/spools.ts';
import { startAgents } from '../transports/agent/conformance-peer.ts';
import { startPrograms } from '../transports/exec/conformance-peer.ts';
import {
  dropHalf,
  startDirectories,
  startFiles,
  startPatterns,
} from '../transports/file/conformance-peer.ts';
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
  misdated: { because: 'its time is a number, or we have written it' },
  torn: 'MALFORMED',
  partial: 'STALE',
  HTML: 'MALFORMED',
  refused: noLogin,
} as const;

/** The same source with another path. */
function at(uri: string) {
  return ({ source }: ConformancePeer): Source => ({ ...source, uri: parseSourceUri(uri) });
}

/** The directory a source without placeholders leads to. */
function directoryOf({ source }: ConformancePeer): string {
  return source.uri.text.replace(/^[a-z]+:(?:\/\/)?/, '');
}

/** What programs put there before a file is whole, and what is left of it beside. */
const partialNames: readonly ((name: string) => string)[] = [
  (name) => `.${name}.Xa81fQ`,
  (name) => `${name}.8f3a.partial`,
  (name) => `${name}.filepart`,
  (name) => `${name}.crdownload`,
  (name) => name.replace(/(\.\w+)?$/, '.sync-conflict-20261128-101500-ABCDEFG$1'),
  (name) => `${name}.bak`,
];

/** Half of newer output under all these names, and a side file of each kind. */
async function leavePartials(directory: string, name: string, output: Buffer): Promise<void> {
  for (const toName of partialNames) await writeFile(join(directory, toName(name)), output);
  for (const side of ['Thumbs.db', `${name}.md5`, `${name}.asc`]) {
    await writeFile(join(directory, side), 'd41d8cd98f00b204e9800998ecf8427e\n');
  }
}

export const localVariants: readonly Variant[] = [
  {
    name: 'file: one file a host',
    transport: 'file',
    start: startFiles,
    skip: false,
    expected: inFiles,
    nowhere: at('/no/such/directory/{host}.txt'),
    leavePartial: (peer, host, output) =>
      leavePartials(dirname(directoryOf(peer)), `${host}.txt`, output),
  },
  {
    name: 'file: by a pattern',
    transport: 'file',
    start: startPatterns,
    skip: false,
    expected: inFiles,
    nowhere: at('/no/such/directory/{host}*'),
    tear: (peer, host) => dropHalf(join(dirname(directoryOf(peer)), `${host}.txt`)),
    async leavePartial(peer, host, output) {
      const directory = dirname(directoryOf(peer));
      await leavePartials(directory, `${host}.txt`, output);
      // Of a host whose name goes on.
      for (const name of [`${host}0.txt`, `${host}-db.txt`, `${host}.example.com.txt`]) {
        await writeFile(join(directory, name), output);
      }
    },
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
    leavePartial: (peer, host, output) =>
      leavePartials(directoryOf(peer).replace('{host}', host), 'web.txt', output),
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
      misdated: { because: 'a program says what is so now' },
      torn: 'PEER',
      partial: { because: 'a program writes no file' },
      HTML: 'MALFORMED',
      refused: noLogin,
    },
    nowhere: at('exec:/no/such/program'),
  },
  {
    name: 'agent',
    transport: 'agent',
    start: startAgents,
    skip: false,
    expected: {
      dead: 'UNREACHABLE',
      hanging: 'TIMEOUT',
      stale: { because: 'it is made when it is asked' },
      misdated: { because: 'it is made when it is asked' },
      torn: 'PEER',
      partial: { because: 'an agent writes no file' },
      HTML: 'MALFORMED',
      refused: 'REFUSED',
    },
    nowhere: ({ source }) => ({
      ...source,
      options: { ...source.options, mode: ['dead'] },
    }),
  },
  {
    name: 'maildir',
    transport: 'maildir',
    start: startMaildir,
    skip: false,
    expected: { ...inFiles, dead: 'CONFIG', misdated: 'STALE' },
    nowhere: at('maildir:///no/such/Maildir'),
    async tear(peer, host, output) {
      const mail = makeMail(host, output);
      await deliver(directoryOf(peer), mail.subarray(0, mail.length - 200));
    },
    async leavePartial(peer, host, output) {
      await writeFile(
        join(directoryOf(peer), 'tmp', `${Date.now()}.M1P1.x`),
        makeMail(host, output),
      );
      await deliver(directoryOf(peer), makeMail(host, Buffer.from('I am out of the office\n')));
    },
  },
  {
    name: 'spool',
    transport: 'spool',
    start: startSpool,
    skip: false,
    // In place of torn output there is the one before it, and that is old.
    expected: {
      ...inFiles,
      torn: 'STALE',
      partial: { because: 'the spool names its own files, and knows when they are whole' },
    },
    nowhere: at('spool:///no/such/spool'),
    async tear(peer, host, output) {
      await peer.offer(host, output, longAgo());
      await peer.offer(host, makeOutput());
      const [newest = ''] = await filesOf(directoryOf(peer), host);
      await truncate(newest, 150);
    },
  },
];
