/** The parts of the update server that need no network: forms, counters, keys, decisions. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseHostName } from '../../src/names/host-name.ts';
import { unplaced } from '../../src/updates/rollout/placement.ts';
import { deriveSecret, findKey, writeAnswer } from '../../src/updates/server/authenticity.ts';
import { decide, explain, reasons, toStampDecision } from '../../src/updates/server/deciding.ts';
import { readForm } from '../../src/updates/server/forms.ts';
import { countRequest, firstRow } from '../../src/updates/server/request-counter.ts';
import { UpdateLimits } from '../../src/updates/server/update-limits.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { hmac } from '../peers/update-server.ts';
import { UpdateClient } from './update-client.ts';

const token = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
const nonce = '00112233445566778899aabbccddeeff';
const serverNonce = 'ffeeddccbbaa99887766554433221100';

test('AU-3: the vectors of the page come out of the server', () => {
  const secret = 'c02229212e393f46d30f4ecf44f94d0ef687bec22956785a301a9642a2655f81';
  assert.equal(deriveSecret(token, { host: 'web01', nonce, serverNonce }), secret);
  const signedText = `host=web01&counter=20261128090000&previous=00000000000000&nonce=${nonce}&platform=linux-tgz&by=token`;
  const mac = '5201d567614cab7ae908cb54fd2e911bf417f376a144bcdb8bed4a0044b7d2ba';
  const claim = { path: '/v1/register', signedText, mac };
  assert.equal(findKey(claim, [undefined, token]), token);
  assert.equal(findKey({ ...claim, path: '/v1/check' }, [token, undefined]), undefined);
  assert.equal(findKey(claim, [undefined, undefined]), undefined);
  const answer = writeAnswer(
    {
      ...{ path: '/v1/register', host: 'web01', nonce, serverNonce },
      ...{ say: 'registered', counter: '20261128090000' },
    },
    token,
  );
  const answerMac = '1e8b81fc8ffc6d735f5e3177a3b18a5aa11c3a59fcecc85aeb7d1073e091e31f';
  assert.ok(answer.endsWith(`mac ${answerMac}\n`));
});

const standing = {
  platform: 'linux-tgz',
  'installed-hash': '-',
  'installed-counter': '0',
  'root-version': '1',
  state: 'idle',
  updater: '1',
  time: '20261128090000',
  transport: 'http',
  refused: '-',
  code: '-',
  error: 'a "fault" & more = 100 %',
};

function formOf(change: Readonly<Record<string, string>> = {}): string {
  return new UpdateClient('', 'web01', token).body('/v1/check', standing, { change });
}

test('AU-3: a form is taken as it is written on the page, with a line end or without', () => {
  const form = readForm(Buffer.from(`${formOf()}\n`), 'check');
  assert.equal(form.host, 'web01');
  assert.equal(form.values.get('error'), standing.error);
  assert.equal(hmac(token, `POST\n/v1/check\n${form.signedText}\n`), form.mac);
});

const spoilt: Readonly<Record<string, string>> = {
  'nothing at all': '',
  'no MAC': formOf().replace(/&mac=.*/, ''),
  'a MAC in capitals': formOf().replace(/mac=.*/, (mac) => mac.toUpperCase().replace('MAC', 'mac')),
  'a field twice': formOf().replace('host=web01', 'host=web01&host=web01'),
  'a field missing': formOf().replace('&code=-', ''),
  'a field more': formOf().replace('&code=-', '&code=-&more=1'),
  'fields in another order': formOf().replace('state=idle&updater=1', 'updater=1&state=idle'),
  'a value without its name': formOf().replace('host=web01', 'web01'),
  'a plus for a blank': formOf().replace('idle', 'a+b'),
  'half an escape': formOf().replace('idle', 'idle%2'),
  'an escape in small letters': formOf().replace('%22', '%2f'),
  'a control byte': formOf().replace('%22', '%0A'),
  'a byte that is no ASCII': formOf().replace('%22', '%E4'),
  'a delete': formOf().replace('%22', '%7F'),
  'two lines': `${formOf()}\n\n`,
  'a carriage return': `${formOf()}\r\n`,
  'a host that leads elsewhere': formOf({ host: '../web01' }),
  'a counter of 13 digits': formOf({ counter: '2026112809000' }),
  'a nonce that is too short': formOf({ nonce: 'ab' }),
  'a time that is none': formOf({ time: '20261399000000' }),
  'a state that is unknown': formOf({ state: 'happy' }),
  'a code that is none': formOf({ code: 'E-' }),
  'a fault that is too long': formOf({ error: 'x'.repeat(513) }),
  'a digest that is none': formOf({ refused: '../../etc' }),
};

for (const [what, body] of Object.entries(spoilt)) {
  test(`AU-3: a form with ${what} is malformed`, () => {
    assert.throws(() => readForm(Buffer.from(body, 'latin1'), 'check'), { reason: 'malformed' });
  });
}

test('AU-3: whatever bytes come, a form is read or refused as malformed', () => {
  const bytes = Buffer.from(formOf());
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, byte) => {
      const changed = Buffer.from(bytes);
      changed[at] = byte;
      try {
        const { signedText, mac } = readForm(changed, 'check');
        const isSame = changed.equals(bytes);
        assert.equal(hmac(token, `POST\n/v1/check\n${signedText}\n`) === mac, isSame);
      } catch (error) {
        assert.equal(String(error).includes('the form cannot be read'), true);
      }
    }),
  );
});

test('AU-8: a MAC is compared in full, and for an unknown host as well', () => {
  const form = readForm(Buffer.from(formOf()), 'check');
  const claim = { path: '/v1/check', ...form };
  for (let at = 0; at < 64; at += 1) {
    const digit = form.mac[at] === '0' ? '1' : '0';
    const mac = `${form.mac.slice(0, at)}${digit}${form.mac.slice(at + 1)}`;
    assert.equal(findKey({ ...claim, mac }, [token, token]), undefined);
  }
  assert.equal(findKey(claim, [token, undefined]), token);
});

const at = (n: number) => String(20_261_128_090_000 + n);

test('AU-8: all addresses of one IPv6 network fail together, and nobody else with them', () => {
  const limits = new UpdateLimits(new FakeClock());
  const fail = (address: string, host: string) => limits.failed(address, host).status;
  for (let at = 0; at < 60; at += 1) {
    assert.equal(fail(`2001:db8:0:1::${at.toString(16)}`, `web${at}`), 403);
  }
  assert.equal(fail('2001:db8::1:8000:0:0:1', 'db01'), 429);
  assert.equal(fail('2001:db8:0:1::192.0.2.1', 'db02'), 429);
  for (const address of ['2001:db8:0:2::1', '::1', 'fe80::1%eth0', '192.0.2.1', 'unknown']) {
    assert.equal(fail(address, 'db03'), 403);
  }
});

test('AU-6: counters rise, whoever asks', () => {
  const row = firstRow(at(5));
  for (const counter of [at(5), at(4), '00000000000000']) {
    assert.equal(countRequest(row, { counter, previous: at(5) }), undefined);
  }
  assert.equal(countRequest(row, { counter: at(6), previous: at(5) })?.counter, at(6));
});

/** The rows after requests `[counter, previous]`. */
function afterAll(...requests: readonly (readonly [number, number])[]) {
  return requests.reduce(
    (row, [counter, previous]) => {
      return countRequest(row, { counter: at(counter), previous: at(previous) }) ?? row;
    },
    firstRow(at(0)),
  );
}

test('AU-6: lost requests, lost state and restored snapshots are no clones', () => {
  assert.equal(afterAll([1, 0], [2, 1], [5, 4], [6, 5]).isCloned, false);
  assert.equal(afterAll([1, 0], [2, 1], [3, 2], [4, 1], [5, 4], [6, 5]).isCloned, false);
  assert.equal(afterAll([3, 0], [4, 0], [5, 0], [6, 5]).isCloned, false);
});

test('AU-6: two machines that go on side by side are a clone', () => {
  assert.equal(afterAll([1, 0], [2, 0], [3, 1]).isCloned, true);
  assert.equal(afterAll([1, 0], [2, 1], [3, 1], [4, 3], [5, 2]).isCloned, true);
});

test('AU-6: one machine is never taken for two, whatever it loses or restores', () => {
  const step = fc.constantFrom('ask', 'lose', 'restore', 'save');
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let [row, last, saved, time] = [firstRow(at(0)), 0, 0, 0];
      for (const what of steps) {
        time += 1;
        if (what === 'save') saved = last;
        if (what === 'restore') last = saved;
        if (what === 'save' || what === 'restore') continue;
        const request = { counter: at(time), previous: at(last) };
        last = time;
        if (what === 'ask') row = countRequest(row, request) ?? row;
      }
      assert.equal(row.isCloned, false);
    }),
  );
});

const target = {
  counter: 3,
  targetSha256: 'a'.repeat(64),
  packageSha256: 'b'.repeat(64),
  agentHash: 'c'.repeat(16),
  expires: '20991231000000',
  action: 'install',
} as const;

const on = { isOn: true, since: '20261128000000', by: 'somebody' };
const excluded = { excluded: { since: 'today', by: 'somebody', why: 'frozen' } };

function contactOf(state: string, refused = '-') {
  return {
    standing: {
      ...{ platform: 'linux-tgz', installedHash: '-', installedCounter: 0, rootVersion: 1 },
      ...{ state, updater: 1, hostTime: '20261128090000', transport: 'http', refused },
      ...{ code: '-', error: '' },
    },
  };
}

test('ST-1, RO-5: the first reason that holds decides, in the order of the page', () => {
  const hold = { since: '2026-11-28T09:00:00Z', by: 'gates', why: 'too many fail' };
  const closed = { name: 'rest', at: 1, isOpen: false };
  const held = { stage: closed, hold, isUnconfirmedRemoval: false };
  const all = {
    placement: held,
    master: { ...on, isOn: false },
    identity: excluded,
    contact: contactOf('off', target.packageSha256),
    target: undefined,
  };
  assert.deepEqual(
    explain(all).map(({ reason }) => reason),
    reasons,
  );
  const idle = { ...all, contact: contactOf('idle', target.packageSha256) };
  const selected = { ...idle, master: on, identity: {}, target };
  const open = {
    ...selected,
    placement: { ...unplaced, stage: { ...closed, isOpen: true } },
  };
  const cases = [
    [all, 'off', 'disabled'],
    [idle, 'disabled', 'disabled'],
    [{ ...idle, master: on }, 'excluded', 'excluded'],
    [{ ...idle, master: on, identity: {} }, 'unselected', 'none'],
    [{ ...selected }, 'hold', 'hold'],
    [{ ...selected, placement: { ...held, hold: undefined } }, 'stage', 'hold'],
    [{ ...selected, placement: { ...unplaced, isUnconfirmedRemoval: true } }, 'stage', 'hold'],
    [open, 'refused', 'offer'],
    [{ ...open, placement: unplaced }, 'refused', 'offer'],
    [{ ...open, contact: contactOf('idle') }, 'offer', 'offer'],
    [{ ...open, identity: undefined, contact: undefined }, 'offer', 'offer'],
  ] as const;
  for (const [question, reason, decision] of cases) {
    assert.equal(decide(question).reason, reason);
    assert.equal(toStampDecision(question), decision);
  }
});

test('AU-5: a host is a name that can be a file', () => {
  for (const host of ['web01', 'a.b-c_d', '::1']) {
    assert.equal(readForm(Buffer.from(formOf({ host })), 'check').host, parseHostName(host));
  }
});
