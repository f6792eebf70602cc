import { testTransportConformance } from '../conformance/transport.ts';
import { skipDaemon, skipSshFiles, startDaemon, startSshFiles } from './rsync/conformance-peer.ts';

testTransportConformance('rsync: from a daemon', startDaemon, skipDaemon);
testTransportConformance('rsync: through ssh', startSshFiles, skipSshFiles);
