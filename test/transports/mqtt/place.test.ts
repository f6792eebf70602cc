import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RawOptions } from '../../../src/cli/options.ts';
import { CourierError } from '../../../src/faults/errors.ts';
import { parseHostName } from '../../../src/names/host-name.ts';
import { mqtt } from '../../../src/transports/mqtt/mqtt.ts';
import { locateTopic, showTopic } from '../../../src/transports/mqtt/place.ts';
import { parseSourceUri } from '../../../src/transports/source.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';

const target = { host: parseHostName('web01.example.net'), address: 'fe80::1' };

const show = (uri: string) => showTopic(locateTopic(parseSourceUri(uri), target));

test('topic and broker are read from the source', () => {
  const topic = 'topic "courier/web01=2Eexample=2Enet" at';
  assert.equal(show('mqtts://b.example/courier/{host}'), `${topic} b.example:8883`);
  assert.equal(show('mqtt://b.example/courier/{host}'), `${topic} b.example:1883`);
  assert.equal(show('mqtt://b.example:80/courier/{host}'), `${topic} b.example:80`);
  assert.equal(show('mqtt://{address}/courier/{host}'), `${topic} [fe80::1]:1883`);
  assert.equal(show('mqtt+unix://%2Frun%2Fb.sock/courier/{host}'), `${topic} /run/b.sock`);
  assert.equal(
    show('mqtt://b/a%3F%20/{address}/{host}/x').slice(0, 33),
    'topic "a? /fe80=3A=3A1/web01=2Eex',
  );
  const { user } = locateTopic(parseSourceUri('mqtt://me%40x@b/{host}'), target);
  assert.equal(user, 'me@x');
});

const refused: readonly (readonly [uri: string, why: string, options?: RawOptions])[] = [
  ['mqtt://b/courier/all', 'an mqtt: source needs {host} or {address} in its topic'],
  ['mqtt://b/', 'an mqtt: source needs a topic, as in mqtt://broker/courier/{host}'],
  ['mqtt://b/+/{host}', 'an mqtt: source must not hold the wildcards + and # in its topic'],
  ['mqtt://b/%23/{host}', 'an mqtt: source must not hold the wildcards + and # in its topic'],
  ['mqtt://b/$SYS/{host}', "an mqtt: source must not name one of the broker's own topics ($…)"],
  ['mqtt://b/x?{host}', 'an mqtt: source has no query and no fragment; write %3F and %23'],
  ['mqtt:///{host}', 'an mqtt: source needs a host: "mqtt:///{host}"'],
  [
    'mqtt+unix://run/{host}',
    'an mqtt: source needs the path of a socket, as in mqtt+unix://%2Frun%2Fmosquitto.sock/topic',
  ],
  ['mqtt://b/{host}', '--ca needs an mqtts: source', { ca: ['/x'] }],
  ['mqtt://b/{host}', '--password-file needs --user', { passwordFile: ['/x'] }],
  ['mqtt://me@b/{host}', '--user and the user in the source exclude each other', { user: ['me'] }],
  ['mqtts://b/{host}', '--key needs --cert', { key: ['/x'] }],
];

test('what cannot be meant is refused before anything is asked', async () => {
  for (const [uri, why, options = {}] of refused) {
    const opening = mqtt.open({ uri: parseSourceUri(uri), options }, makeOpenContext());
    await assert.rejects(opening, (error) => {
      assert.ok(error instanceof CourierError);
      assert.deepEqual([error.code, error.message], ['USAGE', why], uri);
      return true;
    });
  }
});
