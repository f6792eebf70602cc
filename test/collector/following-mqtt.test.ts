/** A collector that follows an MQTT broker: no test waits for a cycle, which would take ten minutes. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { skipWithout } from '../helpers/required-peer.ts';
import { startMosquitto } from '../peers/mosquitto.ts';
import { makeOutput, makeSite } from './running-collector.ts';

test('what is published at an MQTT broker is ready without a cycle, and gone when that is told', {
  skip: skipWithout('mosquitto'),
}, async (t) => {
  const broker = await startMosquitto();
  t.after(() => broker.close());
  const site = await makeSite(t);
  writeFileSync(join(site.root, 'etc/cmk-courier/hosts.txt'), 'web01\nweb02\n');
  const uri = `mqtt://site@127.0.0.1:${broker.port}/courier/{host}`;
  const source = `{ uri: '${uri}', passwordFile: '${broker.passwordFile}', mqttWait: 0s }`;
  site.writeRoutes(
    `collector: { hostList: hosts.txt }\ndefaults: { every: 10m, deadline: 20s }\nroutes:\n  - { hosts: '*', sources: ${source} }\n`,
  );
  await site.start();
  await site.until(() => site.status()?.subscriptions?.[0]?.state === 'following');
  const publish = async () => {
    const output = makeOutput('web01');
    await broker.publish('courier/web01', output);
    await site.until(() => site.ask('web01').stdout === output);
  };
  await publish();
  await publish();
  await broker.publish('courier/web01/gone', 'gone', { retain: false });
  await site.until(() => site.ask('web01').stderr.includes('the host has gone (NO_OUTPUT)'));
  assert.equal(site.ask('web01').stdout, '');
  await publish();
});
