import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHostName } from '../../src/names/host-name.ts';
import { type NewMessage, packOutput, readProduced, unpackOutput } from '../../src/nats/message.ts';
import { neverAborts } from '../../src/system/never-aborts.ts';
import { expectFault } from '../helpers/expect-fault.ts';

const output = Buffer.from(`<<<check_mk>>>\nVersion: 1\n${'x'.repeat(5000)}\n`);
const message: NewMessage = {
  host: parseHostName('web01.example.net'),
  output,
  producedAt: new Date('2026-01-01T12:00:00.250Z'),
  receivedAt: new Date('2026-01-01T12:00:01Z'),
  origin: 'upload\nx',
};
const storedAt = new Date('2026-01-01T12:00:02Z');

function stored(headers: Readonly<Record<string, string>>, data: Uint8Array) {
  const lines = Object.entries(headers).map(([name, value]) => [name, [value]] as const);
  return { headers: lines, data, storedAt };
}

function limit(maxOutputBytes = 1_000_000) {
  return { maxOutputBytes, signal: neverAborts, env: {} };
}

test('a message says who, when and what, and is packed', async () => {
  const { headers, body, digest } = await packOutput(message);
  assert.deepEqual(headers, [
    ['Courier-Produced', '2026-01-01T12:00:00.250Z'],
    ['Courier-Received', '2026-01-01T12:00:01.000Z'],
    ['Courier-Sha256', digest],
    ['Courier-Origin', 'upload x'],
    ['Content-Encoding', 'zstd'],
    ['Nats-Msg-Id', `web01=2Eexample=2Enet 2026-01-01T12:00:00.250Z ${digest}`],
  ]);
  assert.ok(body.length < 200);
  const unpacked = await unpackOutput(stored(Object.fromEntries(headers), body), limit());
  assert.ok(unpacked.output.equals(output));
  assert.deepEqual(unpacked.producedAt, message.producedAt);
  assert.equal(unpacked.origin, 'upload x');
});

test('a sealed drop stays as it is', async () => {
  const drop = Buffer.from('format cmk-courier-drop 1\n');
  const { headers, body } = await packOutput({ ...message, output: drop });
  assert.ok(body.equals(drop));
  assert.equal(Object.fromEntries(headers)['Content-Encoding'], undefined);
});

test('what nobody dated was produced when it was stored at the latest', async () => {
  const { producedAt } = await unpackOutput(stored({}, output), limit());
  assert.deepEqual(producedAt, storedAt);
  const wrong = readProduced(stored({ 'Courier-Produced': 'gestern' }, output));
  assert.deepEqual(wrong.producedAt, { unreadable: 'Courier-Produced "gestern"' });
});

test('headers count in any case, and of several times the oldest', async () => {
  const [older, newer] = ['2026-01-01T11:00:00.000Z', '2026-01-01T12:00:00.000Z'];
  const lower = readProduced(stored({ 'courier-produced': older }, output));
  assert.deepEqual(lower.producedAt, new Date(older));
  const headers = [['Courier-Produced', [newer, older]]] as const;
  assert.deepEqual(readProduced({ headers, storedAt }).producedAt, new Date(older));
  const two = [['Courier-Sha256', ['0'.repeat(64), (await packOutput(message)).digest]] as const];
  const unpacking = unpackOutput({ headers: two, data: output, storedAt }, limit());
  await expectFault(unpacking, 'MALFORMED', /^it is not what was sent/);
});

test('another digest, an unknown packing and damage are MALFORMED', async () => {
  const { headers, body } = await packOutput(message);
  const given = Object.fromEntries(headers);
  const unpack = (more: object, data: Uint8Array = body) =>
    unpackOutput(stored({ ...given, ...more }, data), limit());
  const other = { 'Courier-Sha256': '0'.repeat(64) };
  await expectFault(unpack(other), 'MALFORMED', /^it is not what was sent: its Courier-Sha256 is/);
  await expectFault(
    unpack({ 'Content-Encoding': 'br' }),
    'MALFORMED',
    /unknown Content-Encoding "br"$/,
  );
  await expectFault(unpack({}, body.subarray(0, 30)), 'MALFORMED', /^damaged zstd data/);
});

test('what is larger than allowed is TOO_LARGE, packed or not, here or left behind', async () => {
  const { headers, body } = await packOutput(message);
  const packed = stored(Object.fromEntries(headers), body);
  await expectFault(unpackOutput(packed, limit(output.length - 1)), 'TOO_LARGE');
  await unpackOutput(packed, limit(output.length));
  await expectFault(
    unpackOutput(stored({}, output), limit(100)),
    'TOO_LARGE',
    /^it has 5027 bytes/,
  );
  const omitted = stored({ 'Courier-Omitted': '7' }, new Uint8Array());
  await expectFault(
    unpackOutput(omitted, limit(5)),
    'TOO_LARGE',
    /^it has 7 bytes, allowed are 5$/,
  );
});
