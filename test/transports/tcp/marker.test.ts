import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guessService, markerKind, showMarker } from '../../../src/transports/tcp/marker.ts';

test('of all two bytes nine are markers', () => {
  const known = new Map<string, string>();
  for (let code = 0; code < 0x1_0000; code += 1) {
    const marker = Buffer.from([code >> 8, code & 0xff]);
    const kind = markerKind(marker);
    if (kind !== 'unknown') known.set(marker.toString('latin1'), kind);
  }
  const expected = { '00': '', '02': '', '03': '', '04': '', '05': '', '99': '' };
  for (const marker of Object.keys(expected)) assert.equal(known.get(marker), 'symmetric');
  assert.equal(known.get('16'), 'tls');
  assert.equal(known.get('<<'), 'plain');
  assert.equal(known.size, 8);
});

test('what is no marker yet is unknown', () => {
  for (const text of ['', '<', '1', '0']) assert.equal(markerKind(Buffer.from(text)), 'unknown');
});

test('a marker is shown as Checkmk shows it, without what a line must not hold', () => {
  const shown = (text: string) => showMarker(Buffer.from(text, 'latin1'));
  assert.equal(shown('16'), "b'16'");
  assert.equal(shown('\x16\x03'), String.raw`b'\x16\x03'`);
  assert.equal(shown("|'"), String.raw`b'\x7c\x27'`);
  assert.equal(shown(' \xff'), String.raw`b'\x20\xff'`);
  assert.equal(shown('<'), "b'<'");
  assert.equal(shown(''), "b''");
});

test('a TLS record is told from the marker of TLS', () => {
  assert.equal(
    guessService(Buffer.from([0x16, 0x03])),
    'a server that speaks TLS from the first byte',
  );
  assert.equal(guessService(Buffer.from('16')), undefined);
});
