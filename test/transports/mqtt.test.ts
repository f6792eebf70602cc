import { testTransportConformance } from '../conformance/transport.ts';
import {
  skipMqtt,
  startEncrypted,
  startOldVersion,
  startOnUnixSocket,
  startPlain,
} from './mqtt/conformance-peer.ts';

testTransportConformance('mqtts: passes the conformance suite', startEncrypted, skipMqtt);

const skipOthers =
  skipMqtt || (process.env['COURIER_TEST_LONG'] === undefined && 'set COURIER_TEST_LONG to run');

testTransportConformance('mqtt: passes the conformance suite', startPlain, skipOthers);

testTransportConformance('mqtt+unix: passes the conformance suite', startOnUnixSocket, skipOthers);

testTransportConformance('mqtt: 3.1.1 passes the conformance suite', startOldVersion, skipOthers);
