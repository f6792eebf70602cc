/** Interfaces and ports of the system. */

import { nodeName, svmName, times, toUuid } from './estate.ts';
import type { JsonObject } from './query.ts';

/** Of the interfaces every third may go to the partner only, as on a SAN array. */
function toInterface(index: number, nodes: number): JsonObject {
  const node = nodeName(index % Math.max(nodes, 1));
  return {
    name: `lif${index}`,
    uuid: toUuid(8, index),
    enabled: index !== 3,
    state: index === 3 ? 'down' : 'up',
    ip: { address: `192.0.2.${index + 10}` },
    svm: { name: svmName(index) },
    location: {
      node: { name: node },
      port: { name: 'e0c' },
      failover: index % 3 === 2 ? 'sfo_partners_only' : 'broadcast_domain_only',
      home_node: { name: node },
      home_port: { name: 'e0c' },
      is_home: true,
    },
  };
}

function toEthernetPort(index: number, nodes: number): JsonObject {
  const port = {
    uuid: toUuid(9, index),
    name: `e0${'abcdef'[index % 6]}`,
    node: { name: nodeName(index % Math.max(nodes, 1)), uuid: toUuid(1, index % 2) },
    state: index === 3 ? 'down' : 'up',
    type: 'physical',
    mtu: 1500,
    enabled: true,
    mac_address: `00:a0:98:00:00:0${index}`,
  };
  return index === 3 ? port : { ...port, speed: 10_000, broadcast_domain: { name: 'Default' } };
}

function toFcPort(index: number): JsonObject {
  return {
    name: `0${'ef'[index]}`,
    uuid: toUuid(10, index),
    node: { name: nodeName(0), uuid: toUuid(1, 0) },
    supported_protocols: ['fcp', 'fc_nvme'],
    wwpn: `50:0a:09:80:00:00:00:0${index}`,
    wwnn: '50:0a:09:80:00:00:00:ff',
    physical_protocol: 'fibre_channel',
    state: index === 0 ? 'online' : 'link_not_connected',
    description: 'Fibre Channel Target Adapter 0e (Emulex LPe32002)',
    enabled: true,
    ...(index === 0 ? { fabric: { name: '55:0e:b1:a0:20:40:80:01', connected_speed: 16 } } : {}),
  };
}

export function toNetworkRecords(nodes: number): [string, readonly JsonObject[]][] {
  return [
    ['/network/ip/interfaces', times(4, (index) => toInterface(index, nodes))],
    ['/network/ethernet/ports', times(4, (index) => toEthernetPort(index, nodes))],
    ['/network/fc/ports', times(2, toFcPort)],
  ];
}
