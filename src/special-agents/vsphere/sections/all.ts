/** All sections in their order (vsphere.md#sections). */

import type { Clock } from '../../../clock.ts';
import type { Logger } from '../../../logging/log.ts';
import { type SectionWriter, toHostGate } from '../../section-writer.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { VsphereOptions } from '../options.ts';
import { writeCounters, writeHosts } from './hosts.ts';
import { writeMachineList, writeMachines, writeSnapshots } from './machines.ts';
import { Output } from './naming.ts';
import { writeHostStates, writeMachineStates } from './objects.ts';
import {
  writeClusters,
  writeDatastores,
  writeLicenses,
  writeSystemInfo,
  writeSystemTime,
} from './server.ts';

interface Writing {
  readonly writer: SectionWriter;
  readonly clock: Clock;
  readonly log: Logger;
}

/** @throws CourierError TOO_LARGE; USAGE for a pattern that is none */
export function writeSections(
  options: VsphereOptions,
  { writer, clock, log }: Writing,
  found: Inventory,
): void {
  const { direct, spaces, vmPiggyname, piggybackHosts } = options;
  const output = new Output(writer, {
    spaces,
    machineName: vmPiggyname,
    isDirect: direct,
    gate: toHostGate(piggybackHosts.length === 0 ? ['*'] : piggybackHosts),
  });
  const machines = found.machines?.filter(({ hasDisk }) => hasDisk || !options.skipPlaceholderVm);
  const inventory = { ...found, machines };
  const display = {
    machines: options.vmPwrDisplay,
    hosts: options.hostPwrDisplay,
    ownName: options.hostname,
    isDirect: direct,
  };
  writeSystemInfo(output, inventory);
  writeLicenses(output, inventory);
  writeDatastores(output, inventory);
  writeCounters(output, inventory);
  writeHosts(output, inventory);
  writeMachines(output, inventory);
  writeMachineList(output, inventory);
  if (!direct || options.snapshotsOnHost) writeSnapshots(output, inventory, options.snapshotNames);
  writeClusters(output, inventory);
  writeMachineStates(output, inventory, display);
  writeHostStates(output, inventory, display);
  writeSystemTime(output, inventory, Math.floor(clock.now() / 1000));
  if (output.refused.size > 0) {
    log.info({ names: [...output.refused] }, 'nothing is written for hosts of these names');
  }
  const homeless = (machines ?? []).filter(({ host }) => host === undefined);
  for (const { name } of homeless) log.warn({ machine: name }, 'a machine has no host');
}
