/** The suite every transport passes, against the stand-in for the Agent Controller. */

import { testTransportConformance } from '../conformance/transport.ts';
import { startEncrypted, startPlain, startTls } from './tcp/conformance-peer.ts';

testTransportConformance('tcp: plain', startPlain, false);
testTransportConformance('tcp: encrypted with a passphrase', startEncrypted, false);
testTransportConformance('tcp: TLS', startTls, false);
