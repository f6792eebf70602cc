import { testTransportConformance } from '../conformance/transport.ts';
import { startDirectories, startFiles, startPatterns } from './file/conformance-peer.ts';

testTransportConformance('file: one file a host', startFiles, false);
testTransportConformance('file: one directory a host', startDirectories, false);
testTransportConformance('file: by a pattern', startPatterns, false);
