import { testTransportConformance } from '../conformance/transport.ts';
import { startAgents } from './agent/conformance-peer.ts';

testTransportConformance('agent', startAgents, false);
