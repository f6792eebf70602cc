import { testTransportConformance } from '../conformance/transport.ts';
import { skipImap, startImap, startImaps } from './imap/conformance-peer.ts';

testTransportConformance('imap: with STARTTLS passes the conformance suite', startImap, skipImap);

testTransportConformance('imaps: passes the conformance suite', startImaps, skipImap);
