/** Shelves with their fans, sensors and power supplies, and the sensors of the nodes. */

import { nodeName, toUuid } from './estate.ts';
import type { JsonObject } from './query.ts';

function toTemperature(id: number, ambient: boolean): JsonObject {
  return {
    id,
    state: 'ok',
    temperature: 20 + id,
    ambient,
    installed: true,
    threshold: ambient
      ? { low: { warning: 5, critical: 0 }, high: { warning: 40, critical: 42 } }
      : { high: { critical: 55 } },
  };
}

const shelves: readonly JsonObject[] = [
  {
    uid: '12439000444923584512',
    name: '1.0',
    id: '0',
    state: 'ok',
    fans: [
      { id: 1, state: 'ok', rpm: 3020, installed: true },
      { id: 2, state: 'error', rpm: 0, installed: true },
    ],
    temperature_sensors: [
      toTemperature(1, true),
      toTemperature(2, false),
      { id: 3, state: 'error', ambient: false, installed: false },
    ],
    frus: [
      { id: 1, type: 'psu', state: 'ok', installed: true },
      { id: 2, type: 'psu', state: 'error', installed: true },
    ],
  },
  { uid: '12439000444923584513', name: '1.1', id: '1', state: 'ok' },
];

const limits = {
  warning_high_threshold: 1485,
  warning_low_threshold: 396,
  critical_high_threshold: 1683,
  critical_low_threshold: 297,
};

const sensors: readonly JsonObject[] = [
  { index: 1, name: 'PVCCSA CPU FD', type: 'voltage', value: 831, value_units: 'mV', ...limits },
  { index: 2, name: 'In Flow Temp', type: 'thermal', value: 21, value_units: 'C' },
  { index: 3, name: 'Sysfan1 F1', type: 'fan', value: 8900, value_units: 'RPM' },
  { index: 4, name: 'PSU1 Curr', type: 'current', threshold_state: 'not_available' },
  { index: 5, name: 'PSU1 Present', type: 'discrete', discrete_value: 'PRESENT' },
  { index: 6, name: 'PSU2 Present', type: 'discrete', discrete_state: 'failed' },
  { index: 7, name: 'Bat Life', type: 'battery_life', value: 500, value_units: 'hr' },
];

function toSensor(sensor: JsonObject): JsonObject {
  const state = sensor['type'] === 'discrete' ? 'discrete_state' : 'threshold_state';
  return { node: { name: nodeName(0), uuid: toUuid(1, 0) }, [state]: 'normal', ...sensor };
}

export function toShelfRecords(nodes: number): [string, readonly JsonObject[]][] {
  return [
    ['/storage/shelves', shelves],
    ['/cluster/sensors', nodes === 0 ? [] : sensors.map(toSensor)],
  ];
}
