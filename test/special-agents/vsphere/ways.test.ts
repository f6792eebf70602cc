import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeRetrieve } from '../../../src/special-agents/vsphere/soap/property-requests.ts';
import { childOf, childrenOf, textAt } from '../../../src/special-agents/xml/element.ts';
import { ElementReader } from '../../../src/special-agents/xml/element-reader.ts';
import { element } from '../../../src/special-agents/xml/write-element.ts';

const machines = Array.from({ length: 20 }, (_, index) => `vm-${index}`);
const [inVapp = ''] = machines;

/** References by object and property, as vcsim holds them. */
const inventory: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  root: { childEntity: ['datacenter'] },
  datacenter: { hostFolder: ['hosts'], vmFolder: ['machines'], datastore: ['datastore'] },
  hosts: { childEntity: ['cluster'] },
  cluster: { host: ['host'], resourcePool: ['pool'] },
  host: { vm: machines },
  pool: { resourcePool: ['vapp'], vm: machines },
  vapp: { vm: [inVapp] },
  machines: { childEntity: machines.filter((name) => name !== inVapp) },
  ...Object.fromEntries(
    machines.map((name) => [name, { resourcePool: [name === inVapp ? 'vapp' : 'pool'] }]),
  ),
};

interface Way {
  readonly path: string;
  readonly onward: readonly string[];
}

/** What is looked at for the objects of a type by a server that takes no notice of the types of ways. */
function walk(type: string): readonly string[] {
  const { first, ways } = readWays(type);
  const looks: string[] = [];
  const visit = (object: string, names: readonly string[]): void => {
    for (const name of names) {
      const { path, onward } = ways.get(name) ?? assert.fail(`no way is called ${name}`);
      for (const next of inventory[object]?.[path] ?? []) {
        looks.push(next);
        visit(next, onward);
      }
    }
  };
  visit('root', first);
  return looks;
}

function readWays(type: string) {
  const reader = new ElementReader({
    pieces: new Set(),
    onPiece: () => undefined,
    deepest: 20,
    longest: 1_000_000,
  });
  const parameters = writeRetrieve(
    { type, paths: ['name'] },
    { type: 'Folder', id: 'root' },
    'below',
  );
  const xsi = { 'xmlns:xsi': 'http://www.w3.org/2001/XMLSchema-instance' };
  reader.write(Buffer.from(element('call', xsi, ...parameters).xml));
  const start = childOf(childOf(reader.end(), 'specSet'), 'objectSet');
  const given = childrenOf(start, 'selectSet');
  const nameOf = (way: (typeof given)[number]) => textAt(way, 'name') ?? '';
  const ways = new Map<string, Way>(
    given.map((way) => [
      nameOf(way),
      { path: textAt(way, 'path') ?? '', onward: childrenOf(way, 'selectSet').map(nameOf) },
    ]),
  );
  return { first: given.map(nameOf), ways };
}

test('machines are found in folders and in vApps', () => {
  const looks = new Set(walk('VirtualMachine'));
  assert.deepEqual(
    machines.filter((name) => !looks.has(name)),
    [],
  );
});

test('a server that takes no notice of types looks at few machines for each, not at all of them', () => {
  const looks = walk('VirtualMachine').filter((name) => name.startsWith('vm-'));
  // In their folder, in the pool, and one in its vApp.
  assert.equal(looks.length, machines.length * 2);
});

for (const [type, name] of [
  ['HostSystem', 'host'],
  ['Datastore', 'datastore'],
  ['Datacenter', 'datacenter'],
  ['ClusterComputeResource', 'cluster'],
] as const) {
  test(`${type} is found without a look at a machine`, () => {
    const looks = walk(type);
    assert.ok(looks.includes(name), looks.join(' '));
    assert.ok(!looks.some((look) => look.startsWith('vm-')), looks.join(' '));
  });
}
