/** Sources on other machines, which loopback stands in for: http, imap, rsync, sftp, ssh, tcp. */

import { parseSourceUri, type Source } from '../../src/transports/source.ts';
import type { ConformancePeer } from '../conformance/peer.ts';
import * as http from '../transports/http/conformance-peer.ts';
import * as imap from '../transports/imap/conformance-peer.ts';
import * as mqtt from '../transports/mqtt/conformance-peer.ts';
import * as nats from '../transports/nats/conformance-peer.ts';
import * as rsync from '../transports/rsync/conformance-peer.ts';
import * as sftp from '../transports/sftp/conformance-peer.ts';
import * as scp from '../transports/sftp/scp-conformance-peer.ts';
import * as ssh from '../transports/ssh/conformance-peer.ts';
import * as tcp from '../transports/tcp/conformance-peer.ts';
import type { Variant } from './variant.ts';

const usual = {
  dead: 'UNREACHABLE',
  hanging: 'TIMEOUT',
  stale: 'STALE',
  misdated: { because: 'its time is a number' },
  torn: 'UNREACHABLE',
  partial: { because: 'what is asked for is named, and nothing is chosen' },
  HTML: 'MALFORMED',
  refused: 'REFUSED',
} as const;

/** Where the time is written in words. */
const written = { ...usual, misdated: 'STALE' } as const;

const runsNow = { because: 'the agent runs when it is asked' };

/** The same server at an address where nobody listens. */
function away({ source }: ConformancePeer): Source {
  const text = source.uri.text.replace(/\/\/[^/]+/, '//127.77.0.1:9');
  return { ...source, uri: parseSourceUri(text) };
}

const httpVariants: readonly Variant[] = [
  { name: 'http', start: http.startPlain },
  { name: 'https with client certificate', start: http.startEncrypted },
  { name: 'http+unix', start: http.startOnUnixSocket },
].map((own) => ({ transport: 'http', skip: http.skipDirect, expected: written, ...own }));

const squidVariants: readonly Variant[] = [
  {
    name: 'http through squid',
    start: http.startPlainThroughSquid,
    // Squid answers in place of the server.
    expected: { ...written, dead: 'PEER' } as const,
  },
  {
    name: 'https through squid',
    start: http.startEncryptedThroughSquid,
    expected: written,
  },
].map((own) => ({ transport: 'http', skip: http.skipThroughSquid, nowhere: away, ...own }));

const imapVariants: readonly Variant[] = [
  { name: 'imap with STARTTLS', start: imap.startImap },
  { name: 'imaps', start: imap.startImaps },
].map((own) => ({
  transport: 'imap',
  skip: imap.skipImap,
  expected: { ...written, partial: 'STALE' } as const,
  leavePartial: (peer: ConformancePeer, host: string) =>
    peer.offer(host, Buffer.from('I am out of the office\n')),
  ...own,
}));

const mqttVariant: Variant = {
  name: 'mqtts',
  transport: 'mqtt',
  start: mqtt.startEncrypted,
  skip: mqtt.skipMqtt,
  expected: {
    ...written,
    partial: { because: 'what is asked for is named, and nothing is chosen' },
  },
};

const sshVariants: readonly Variant[] = [
  {
    name: 'rsync from a daemon',
    transport: 'rsync',
    start: rsync.startDaemon,
    skip: rsync.skipDaemon,
    expected: usual,
  },
  {
    name: 'rsync through ssh',
    transport: 'rsync',
    start: rsync.startSshFiles,
    skip: rsync.skipSshFiles,
    expected: usual,
  },
  {
    name: 'sftp',
    transport: 'sftp',
    start: sftp.startFiles,
    skip: sftp.skipFiles,
    expected: usual,
  },
  {
    name: 'scp',
    transport: 'sftp',
    start: scp.startManyScpFiles,
    skip: scp.skipManyScp,
    expected: usual,
  },
  {
    name: 'nats',
    transport: 'nats',
    start: nats.startNats,
    skip: nats.skipNats,
    expected: written,
  },
  {
    name: 'ssh',
    transport: 'ssh',
    start: ssh.startAgents,
    skip: ssh.skipAgents,
    expected: { ...usual, stale: runsNow, misdated: runsNow },
  },
];

const tcpVariants: readonly Variant[] = [
  {
    name: 'tcp, plain',
    start: tcp.startPlain,
    expected: {
      ...usual,
      stale: runsNow,
      misdated: runsNow,
      refused: { because: 'plain text has no secret' },
    },
  },
  {
    name: 'tcp, encrypted',
    start: tcp.startEncrypted,
    expected: { ...usual, stale: runsNow, misdated: runsNow },
  },
  {
    name: 'tcp, TLS',
    start: tcp.startTls,
    // The frame has arrived, but not all that was to be in it.
    expected: { ...usual, stale: runsNow, misdated: runsNow, torn: 'MALFORMED' } as const,
  },
].map((own) => ({ transport: 'tcp', skip: false, ...own }));

export const remoteVariants: readonly Variant[] = [
  ...imapVariants,
  ...squidVariants,
  ...httpVariants,
  mqttVariant,
  ...sshVariants,
  ...tcpVariants,
];
