import { testTransportConformance } from '../conformance/transport.ts';
import { startMaildir } from './maildir/conformance-peer.ts';

testTransportConformance('maildir passes the conformance suite', startMaildir, false);
