import { testTransportConformance } from '../conformance/transport.ts';
import { skipFiles, startFiles } from './sftp/conformance-peer.ts';

testTransportConformance('sftp: a file on the host', startFiles, skipFiles);
