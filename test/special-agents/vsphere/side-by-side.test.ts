import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oddVcenter } from '../../peers/vsphere/odd-inventory.ts';
import { startFake } from './asking.ts';

test('machines are asked for while counters have not come', async (t) => {
  const { fake, asking } = await startFake(t, oddVcenter);
  const whole = await asking.ask();
  const machinesAreAsked = Promise.withResolvers<'pass'>();
  fake.interfere = ({ method, parameters }) => {
    const spec = parameters.children.find(({ name }) => name === 'specSet');
    const type = spec?.children[0]?.children[0]?.text;
    if (type === 'VirtualMachine') machinesAreAsked.resolve('pass');
    return method === 'QueryAvailablePerfMetric' ? machinesAreAsked.promise : 'pass';
  };
  const output = await asking.ask({}, AbortSignal.timeout(20_000));
  const sections = (text: string) => text.match(/^<<<.*/gm);
  assert.deepEqual(sections(output), sections(whole));
});
