/** The suite every transport passes, against a real nginx, directly and through a real squid. */

import { testTransportConformance } from '../../conformance/transport.ts';
import {
  skipDirect,
  skipThroughSquid,
  startEncrypted,
  startEncryptedThroughSquid,
  startOnUnixSocket,
  startPlain,
  startPlainThroughSquid,
} from './conformance-peer.ts';

testTransportConformance('http to nginx, Basic', startPlain, skipDirect);

testTransportConformance(
  'https to nginx, client certificate and Basic',
  startEncrypted,
  skipDirect,
);

testTransportConformance('http+unix to nginx', startOnUnixSocket, skipDirect);

testTransportConformance('http to nginx through squid', startPlainThroughSquid, skipThroughSquid);

testTransportConformance(
  'https to nginx through squid, CONNECT',
  startEncryptedThroughSquid,
  skipThroughSquid,
);
