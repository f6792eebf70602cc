import { testTransportConformance } from '../conformance/transport.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { startImapPeer } from './imap/peers.ts';

const skip = skipWithout('dovecot');

testTransportConformance(
  'imap: with STARTTLS passes the conformance suite',
  () => startImapPeer('imap'),
  skip,
);

testTransportConformance('imaps: passes the conformance suite', () => startImapPeer('imaps'), skip);
