/** The power states of machines and hosts, for whichever hosts shall show them. */

import type { Inventory } from '../inventory/inventory.ts';
import type { Machine } from '../inventory/machine.ts';
import type { Output } from './naming.ts';

/** Where a power state is shown beside the host that is asked. */
export type Shown = 'vm' | 'esxhost' | 'host';

export interface PowerDisplay {
  readonly machines: Shown;
  readonly hosts: Shown;
  /** Stands for the name of the one host that is asked itself. */
  readonly ownName: string | undefined;
  readonly isDirect: boolean;
}

const header = { name: 'esx_vsphere_objects', separator: 9 };

export function writeMachineStates(
  output: Output,
  { machines, hasAllWanted }: Inventory,
  display: PowerDisplay,
): void {
  if (machines === undefined) return;
  if (hasAllWanted.hosts) output.main(header, machines.map(toMachineRow));
  if (display.machines === 'vm') {
    for (const machine of machines) output.machine(machine, header, [toMachineRow(machine)]);
  }
  if (display.machines !== 'esxhost' || display.isDirect) return;
  for (const [host, own] of Map.groupBy(machines, ({ host }) => host)) {
    if (host !== undefined) output.host(host, header, own.map(toMachineRow));
  }
}

function toMachineRow({ isTemplate, name, host, powerState }: Machine): readonly string[] {
  return [isTemplate ? 'template' : 'virtualmachine', name, host ?? '', powerState];
}

export function writeHostStates(output: Output, inventory: Inventory, display: PowerDisplay): void {
  const { hosts, machines = [], hasAllWanted } = inventory;
  if (hosts === undefined) return;
  const toRow = ({ name, powerState }: { name: string; powerState: string }) => [
    'hostsystem',
    (display.isDirect ? display.ownName : undefined) ?? name,
    '',
    powerState,
  ];
  if (display.hosts !== 'vm' && hasAllWanted.machines) output.main(header, hosts.map(toRow));
  for (const host of hosts) {
    if (display.hosts === 'esxhost' && !display.isDirect)
      output.host(host.name, header, [toRow(host)]);
    if (display.hosts !== 'vm') continue;
    const own = machines.filter((machine) => machine.host === host.name);
    for (const machine of own) output.machine(machine, header, [toRow(host)]);
  }
}
