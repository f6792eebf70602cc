import { testTransportConformance } from '../conformance/transport.ts';
import { skipFiles, startFiles } from './sftp/conformance-peer.ts';
import { skipScp, startScpFiles } from './sftp/scp-conformance-peer.ts';

testTransportConformance('sftp: a file on the host', startFiles, skipFiles);
testTransportConformance('scp: a file on a host without sftp', startScpFiles, skipScp);
