import { testTransportConformance } from '../conformance/transport.ts';
import { skipAgents, startAgents } from './ssh/conformance-peer.ts';

testTransportConformance('ssh: an agent run on the host', startAgents, skipAgents);
