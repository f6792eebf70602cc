/** Sections about the server and what all hosts share: version, licenses, datastores, clusters, time. */

import type { Datacenter, Inventory } from '../inventory/inventory.ts';
import type { Output } from './naming.ts';

const tab = 9;

export function writeSystemInfo(output: Output, { content }: Inventory): void {
  const rows = content.fields.map(([name, value]) => `${name} ${value}`);
  output.main({ name: 'esx_systeminfo' }, rows);
}

export function writeLicenses(output: Output, { licenses }: Inventory): void {
  if (licenses === undefined) return;
  const rows = licenses.map(({ name, used, total }) => [name, `${used} ${total}`]);
  output.main({ name: 'esx_vsphere_licenses', separator: tab }, rows);
}

export function writeDatastores(output: Output, { datastores }: Inventory): void {
  if (datastores === undefined) return;
  const rows = datastores.flatMap(({ name, summary }) => [[`[${name}]`], ...summary]);
  output.main({ name: 'esx_vsphere_datastores', separator: tab }, rows);
}

export function writeClusters(output: Output, inventory: Inventory): void {
  const { datacenters, machines, hasAllWanted } = inventory;
  if (!hasAllWanted.machines) return;
  for (const datacenter of datacenters ?? []) {
    output.main(
      { name: 'esx_vsphere_clusters', separator: tab },
      listClusters(datacenter, machines),
    );
  }
}

function listClusters({ id, clusters }: Datacenter, machines: Inventory['machines']) {
  return clusters.flatMap(({ name, hosts }) => {
    const own = (machines ?? []).filter(({ host }) => host !== undefined && hosts.includes(host));
    return [
      [id, 'hostsystems', name, ...hosts],
      [id, 'vms', name, ...own.map((machine) => machine.name)],
    ];
  });
}

/** @param localTime of this machine, Unix seconds */
export function writeSystemTime(
  output: Output,
  { serverTime }: Inventory,
  localTime: number,
): void {
  if (serverTime === undefined) return;
  output.main({ name: 'systemtime' }, [`${serverTime} ${localTime}`]);
}
