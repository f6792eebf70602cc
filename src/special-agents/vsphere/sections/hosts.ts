/** Sections of the hosts of the inventory: counters, properties, sensors. */

import type { NetworkCard, Series } from '../inventory/counters.ts';
import type { Sensor } from '../inventory/host.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { Output } from './naming.ts';

const bar = 124;
const semicolon = 59;

export function writeCounters(output: Output, inventory: Inventory): void {
  const { counters, knownDatastores, networkCards, hostNames } = inventory;
  const names = knownDatastores?.map(({ id, name }) => ['datastore.name', id, name, 'string']);
  const cards = networkCards?.flatMap(toCardRows);
  // Values without the names or links that go with them would be those of other services.
  const isWhole = ({ group }: Series) =>
    (group !== 'datastore' || names !== undefined) && (group !== 'net' || cards !== undefined);
  for (const [id, series] of counters ?? []) {
    const rows = [...series.filter(isWhole).map(toRow), ...(names ?? []), ...(cards ?? [])];
    output.host(hostNames.get(id) ?? id, { name: 'esx_vsphere_counters', separator: bar }, rows);
  }
}

function toRow({ group, name, instance, values, unit }: Series): readonly string[] {
  return [`${group}.${name}`, instance, values.join('#'), unit];
}

function toCardRows({ device, mac, speedMb }: NetworkCard): readonly (readonly string[])[] {
  const isLinked = speedMb !== undefined;
  return [
    ['net.macaddress', device, mac, 'mac'],
    ...(isLinked ? [['net.bandwidth', device, String(speedMb * 1_000_000), 'bytes']] : []),
    ['net.state', device, isLinked ? '1' : '2', 'state'],
  ];
}

export function writeHosts(output: Output, { hosts }: Inventory): void {
  for (const { name, properties, sensors } of hosts ?? []) {
    const rows = [...properties].sort(byName).map(([path, value]) => `${path} ${value}`);
    output.host(name, { name: 'esx_vsphere_hostsystem' }, rows);
    const sorted = [...sensors].sort((one, other) => (one.name < other.name ? -1 : 1));
    output.host(
      name,
      { name: 'esx_vsphere_sensors', separator: semicolon },
      sorted.map(toSensorRow),
    );
  }
}

export function byName(
  [one]: readonly [string, string],
  [other]: readonly [string, string],
): number {
  return one < other ? -1 : 1;
}

function toSensorRow(sensor: Sensor): readonly string[] {
  const { name, baseUnits, currentReading, sensorType, unitModifier } = sensor;
  const strike = (text: string) => text.replaceAll(';', '_');
  return [
    strike(name),
    baseUnits,
    currentReading,
    sensorType,
    unitModifier,
    sensor.rateUnits,
    sensor.key,
    sensor.label,
    strike(sensor.summary),
  ];
}
