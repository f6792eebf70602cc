import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseHostName } from '../../../src/names/host-name.ts';
import { parseSourceUri } from '../../../src/transports/source.ts';
import { checkAgentUri, locateAgent, parseAgentPlace } from '../../../src/transports/tcp/place.ts';
import { tcp } from '../../../src/transports/tcp/tcp.ts';
import { catchThrown } from '../../helpers/catch-thrown.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { uuid } from './site.ts';
import { toSource } from './sources.ts';

const target = { host: parseHostName('web01'), address: '2001:db8::1' };

describe('a place', () => {
  const places = {
    'tcp://10.1.2.3': ['10.1.2.3', 6556, '10.1.2.3:6556'],
    'tcp://10.1.2.3:6557/': ['10.1.2.3', 6557, '10.1.2.3:6557'],
    'TCP://web.example:1': ['web.example', 1, 'web.example:1'],
    'tcp://{host}': ['web01', 6556, 'web01:6556'],
    'tcp://{address}': ['2001:db8::1', 6556, '[2001:db8::1]:6556'],
    'tcp://{address}:6557': ['2001:db8::1', 6557, '[2001:db8::1]:6557'],
    'tcp://[::1]:65535': ['::1', 65_535, '[::1]:65535'],
    'tcp://[fe80::1%25eth0]': ['fe80::1%eth0', 6556, '[fe80::1%eth0]:6556'],
  };
  for (const [text, [address, port, shown]] of Object.entries(places)) {
    test(`of ${text}`, () => {
      const place = locateAgent(parseSourceUri(text), target);
      assert.deepEqual(place, { address, port, shown });
    });
  }

  test('of an IPv6 address without brackets, where only a place is meant', () => {
    assert.equal(parseAgentPlace('2001:db8::1').shown, '[2001:db8::1]:6556');
  });

  const wrong = [
    'tcp:10.1.2.3',
    'tcp://',
    'tcp:///x',
    'tcp://10.1.2.3/x',
    'tcp://10.1.2.3?x',
    'tcp://user@10.1.2.3',
    'tcp://10.1.2.3:0',
    'tcp://10.1.2.3:65536',
    'tcp://10.1.2.3:x',
    'tcp://10.1.2.3:',
    'tcp://0.0.0.0',
    'tcp://[::]',
    'tcp://[web01]',
    'tcp://::1',
    'tcp://a%2fb',
    'tcp://a%',
    'tcp://-oProxyCommand=x',
  ];
  for (const text of wrong) {
    test(`is not meant by ${text}`, () => {
      assert.equal(catchThrown(() => checkAgentUri(parseSourceUri(text))).code, 'USAGE');
    });
  }

  test('is not known for a host without address', () => {
    const lost = { host: target.host, address: undefined };
    const fault = catchThrown(() => locateAgent(parseSourceUri('tcp://{address}'), lost));
    assert.equal(fault.code, 'USAGE');
  });
});

describe('options', () => {
  const open = (options: Record<string, string[]>) =>
    tcp.open(toSource('tcp://{address}', options), makeOpenContext());

  test('a UUID has hyphens', async () => {
    for (const text of ['', uuid.replaceAll('-', ''), `{${uuid}}`, `urn:uuid:${uuid}`, '../x']) {
      await expectFault(open({ uuid: [text] }), 'USAGE', /^--uuid must be a UUID with hyphens/);
    }
  });

  test('a policy is one of three', async () => {
    await expectFault(
      open({ policy: ['none'] }),
      'USAGE',
      /^--policy must be tls_encrypted_only, any_encrypted or any_and_plain, not "none"$/,
    );
  });

  test('a UUID cannot be named and disregarded', async () => {
    await expectFault(
      open({ uuid: [uuid], treatAsUnregistered: ['true'] }),
      'USAGE',
      /^--uuid and --treat-as-unregistered exclude each other$/,
    );
  });
});
