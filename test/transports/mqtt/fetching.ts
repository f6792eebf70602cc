/** Fetches of a host's retained output from a broker of a test. */

import { parseHostName } from '../../../src/names/host-name.ts';
import { neverAborts } from '../../../src/system/never-aborts.ts';
import { mqtt } from '../../../src/transports/mqtt/mqtt.ts';
import { type Delivery, withTransport } from '../../../src/transports/transport.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import type { Mosquitto } from '../../peers/mosquitto.ts';
import { sourceAt } from './conformance-peer.ts';

/** What is retained at `courier/HOST`, asked as the user of the site. */
export function fetchRetained(broker: Mosquitto, host: string): Promise<Delivery> {
  const target = { host: parseHostName(host), address: undefined };
  return withTransport(mqtt, sourceAt(broker, 'mqtt'), makeOpenContext(), (transport) =>
    transport.fetch(target, neverAborts),
  );
}
