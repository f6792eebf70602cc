/** A host of the inventory as lines of its sections (vsphere.md#composite-values). */

import { childOf, childrenOf, textAt, type XmlElement } from '../../xml/element.ts';
import { type FoundObject, textOf } from '../soap/found-objects.ts';
import { hardwareSensors, numericSensors } from './paths.ts';

/** A sensor of a host whose state is neither green nor unknown. */
export interface Sensor {
  readonly name: string;
  readonly baseUnits: string;
  readonly currentReading: string;
  readonly sensorType: string;
  readonly unitModifier: string;
  readonly rateUnits: string;
  readonly key: string;
  readonly label: string;
  readonly summary: string;
}

export interface Host {
  readonly id: string;
  readonly name: string;
  readonly powerState: string;
  /** Value by name of the property; of one that is a list, by a name made for each entry. */
  readonly properties: ReadonlyMap<string, string>;
  readonly sensors: readonly Sensor[];
}

/** How the value of a property that is more than a text becomes lines. */
type Composite = (value: XmlElement, path: string) => readonly (readonly [string, string])[];

const composites: Readonly<Record<string, Composite>> = {
  'hardware.cpuPkg': (value) => listCpus(value),
  'hardware.pciDevice': (value) => listDevices(value),
  'hardware.systemInfo.otherIdentifyingInfo': (value, path) => listIdentities(value, path),
  'config.storageDevice.multipathInfo': (value, path) => [[path, joinPaths(value)]],
};

export function readHost(found: FoundObject): Host {
  const sensorPaths: readonly string[] = [numericSensors, ...hardwareSensors];
  const properties = [...found.properties].flatMap(([path, value]) => {
    if (sensorPaths.includes(path)) return [];
    return composites[path]?.(value, path) ?? [[path, value.text] as const];
  });
  return {
    id: found.object.id,
    name: textOf(found, 'name') ?? found.object.id,
    powerState: textOf(found, 'runtime.powerState') ?? '',
    properties: new Map(properties),
    sensors: readSensors(found),
  };
}

function listCpus(value: XmlElement): readonly (readonly [string, string])[] {
  return value.children.flatMap((cpu) => {
    const index = textAt(cpu, 'index') ?? '';
    return ['index', 'vendor', 'hz', 'busHz', 'description'].map(
      (name) => [`hardware.cpuPkg.${name}.${index}`, textAt(cpu, name) ?? ''] as const,
    );
  });
}

function listDevices(value: XmlElement): readonly (readonly [string, string])[] {
  return value.children.flatMap((device) => {
    const id = textAt(device, 'id') ?? '';
    return ['id', 'vendorName', 'deviceName'].map(
      (name) => [`hardware.pciDevice.${name}.${id}`, textAt(device, name) ?? ''] as const,
    );
  });
}

/** Asset tags, serial numbers and the like; there may be several of one kind. */
function listIdentities(value: XmlElement, path: string): readonly (readonly [string, string])[] {
  const counts = new Map<string, number>();
  return value.children.map((identity) => {
    const key = textAt(identity, 'identifierType', 'key') ?? '';
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    return [`${path}.${key}.${count}`, textAt(identity, 'identifierValue') ?? ''] as const;
  });
}

/** A `vml` identity begins with 10 and ends with 12 characters that are the same for all. */
const vmlBefore = 10;
const vmlAfter = 12;

/** `lun path state` of each path of each LUN. */
function joinPaths(value: XmlElement): string {
  return childrenOf(value, 'lun')
    .flatMap((lun) => {
      const id = (textAt(lun, 'id') ?? '').slice(vmlBefore, -vmlAfter);
      if (id === '') return [];
      return childrenOf(lun, 'path').map((path) => {
        const state = textAt(path, 'pathState') ?? textAt(path, 'state') ?? 'unknown';
        return `${id} ${textAt(path, 'name') ?? ''} ${state}`;
      });
    })
    .join(' ');
}

function readSensors({ properties }: FoundObject): readonly Sensor[] {
  const numeric = properties.get(numericSensors)?.children ?? [];
  const others = hardwareSensors.flatMap((path) => properties.get(path)?.children ?? []);
  return [
    ...numeric.map((sensor) => readSensor(sensor, childOf(sensor, 'healthState'))),
    ...others.map((sensor) => readSensor(sensor, childOf(sensor, 'status'))),
  ].filter(({ key }) => !/^(green|unknown)$/i.test(key));
}

function readSensor(sensor: XmlElement, state: XmlElement | undefined): Sensor {
  const read = (name: string) => textAt(sensor, name) ?? '';
  return {
    name: read('name'),
    baseUnits: read('baseUnits'),
    currentReading: read('currentReading'),
    sensorType: read('sensorType'),
    unitModifier: read('unitModifier'),
    rateUnits: read('rateUnits'),
    key: textAt(state, 'key') ?? '',
    label: textAt(state, 'label') ?? '',
    summary: textAt(state, 'summary') ?? '',
  };
}
