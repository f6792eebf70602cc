/** Sections of the virtual machines: properties of each, all in one list, snapshots. */

import type { Inventory } from '../inventory/inventory.ts';
import type { Machine } from '../inventory/machine.ts';
import { byName } from './hosts.ts';
import type { Output } from './naming.ts';

/** How the summary of snapshots names machines: as shipped agents do, by the first word alone. */
export type SnapshotNames = 'first-word' | 'whole';

/** One JSON text a line. */
const json = 0;

export function writeMachines(output: Output, { machines, serverTime }: Inventory): void {
  for (const machine of machines ?? []) {
    const rows = [...machine.properties].sort(byName).map(([path, value]) => `${path} ${value}`);
    if (serverTime !== undefined) rows.push(`systime ${serverTime}`);
    output.machine(machine, { name: 'esx_vsphere_vm' }, rows);
  }
}

export function writeMachineList(output: Output, { machines }: Inventory): void {
  if (machines === undefined) return;
  const rows = machines.map(({ name, host, powerState, properties }) =>
    toJson({
      vm_name: name,
      hostsystem: host ?? null,
      powerstate: powerState === '' ? null : powerState,
      guest_os: properties.get('config.guestFullName') ?? null,
      compatibility: properties.get('config.version') ?? null,
      uuid: properties.get('config.uuid') ?? null,
    }),
  );
  output.main({ name: 'esx_vsphere_virtual_machines', separator: json }, rows);
}

export function writeSnapshots(
  output: Output,
  { machines, serverTime }: Inventory,
  names: SnapshotNames,
): void {
  if (machines === undefined) return;
  const rows = machines.flatMap((machine) =>
    machine.snapshots.map(({ time, state, name }) =>
      toJson({
        time: time ?? null,
        systime: serverTime ?? null,
        state,
        name,
        vm: nameIn(machine, names),
      }),
    ),
  );
  output.main({ name: 'esx_vsphere_snapshots_summary', separator: json }, rows);
}

/** JSON has a way to write what would look like a header. */
function toJson(value: object): string {
  return JSON.stringify(value).replaceAll('<<<', '\\u003c'.repeat(3));
}

function nameIn({ name }: Machine, names: SnapshotNames): string {
  return names === 'whole' ? name : (/^\S+/.exec(name)?.[0] ?? name);
}
