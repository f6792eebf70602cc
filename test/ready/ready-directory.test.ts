import assert from 'node:assert/strict';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseHostName } from '../../src/names/host-name.ts';
import { readReady } from '../../src/ready/reading.ts';
import { ReadyDirectory } from '../../src/ready/ready-directory.ts';
import { catchThrown } from '../helpers/catch-thrown.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const host = parseHostName('web01');
const output = [Buffer.from('<<<local>>>\n'), Buffer.from('<<<check_mk>>>\n')];
const whole = Buffer.concat(output).toString();
const fault = { line: 'cmk-courier: tcp: web01: no answer (TIMEOUT)', exitCode: 6 };
const validity = { validMs: 90_900, address: undefined };

/** An empty ready directory whose clocks stand still. */
async function makeReady(t: TestContext) {
  const directory = join(await makeTempDir(t), 'run/ready');
  const clock = new FakeClock();
  const uptime = { bootId: 'boot-1', now: () => 1000.5 + clock.monotonic() / 1000 };
  const ready = ReadyDirectory.open({ directory, clock, uptime });
  const read = (readers = { clock, uptime }) => readReady(directory, host, readers);
  const text = (name: string) => readFileSync(join(directory, name), 'utf8');
  return { directory, clock, uptime, ready, read, text };
}

test('it is made for its owner alone', async (t) => {
  const { directory } = await makeReady(t);
  assert.equal(statSync(directory).mode & 0o777, 0o700);
});

test('output is laid ready as it is, with when it expires by both clocks', async (t) => {
  const { directory, clock, ready, read, text } = await makeReady(t);
  ready.publish(host, { parts: output }, validity);
  assert.equal(text('web01'), `cmk-courier-ready/1 boot-1 1091 - 0\n${whole}`);
  assert.equal(statSync(join(directory, 'web01')).mtimeMs, clock.now() + 90_900);
  assert.deepEqual(readdirSync(directory), ['web01']);
  assert.deepEqual(read(), { kind: 'output', bytes: whole.length, validMs: 90_900 });
});

test('old output that stands in says why, and is no good output to be kept', async (t) => {
  const { ready, read, text } = await makeReady(t);
  ready.publish(host, { parts: output, graceFor: fault.line }, validity);
  assert.equal(text('web01'), `cmk-courier-ready/1 boot-1 1091 - 0 ${fault.line}\n${whole}`);
  assert.deepEqual(read(), { kind: 'grace', bytes: whole.length, line: fault.line });
  assert.equal(ready.readBack(host), undefined);
  ready.publish(host, { parts: output }, validity);
  assert.equal(ready.readBack(host)?.toString(), whole);
});

test('a fault takes the place of output, and output that of a fault', async (t) => {
  const { directory, ready, read, text } = await makeReady(t);
  ready.publish(host, { parts: output }, validity);
  ready.publishFault(host, fault, { validMs: 10_000, address: '127.0.0.1' });
  assert.equal(text('web01'), `cmk-courier-ready/1 boot-1 1010 127.0.0.1 6 ${fault.line}\n`);
  assert.deepEqual(read(), { kind: 'fault', ...fault });
  ready.publish(host, { parts: output }, validity);
  assert.equal(read()?.kind, 'output');
  assert.deepEqual(readdirSync(directory), ['web01']);
});

test('what has expired by one of the clocks is not ready', async (t) => {
  const { clock, uptime, ready, read } = await makeReady(t);
  ready.publish(host, { parts: output }, validity);
  const later = { ...uptime, now: () => 1091 };
  assert.equal(read({ clock, uptime: later }), undefined);
  assert.equal(read({ clock: new FakeClock(clock.now() + 90_900), uptime }), undefined);
  assert.equal(read({ clock, uptime: { ...uptime, bootId: 'boot-2' } }), undefined);
  // Set back, the wall clock alone would make it good for longer.
  assert.equal(read({ clock: new FakeClock(clock.now() - 3_600_000), uptime: later }), undefined);
  assert.equal(read()?.kind, 'output');
});

test('an expired fault is not ready, nor is one with a line that is not ours', async (t) => {
  const { directory, clock, ready, read } = await makeReady(t);
  ready.publishFault(host, fault, validity);
  clock.advance(90_900);
  assert.equal(read(), undefined);
  const path = join(directory, 'web01');
  for (const text of ['', 'boot-1 99999 - 6\n', 'boot-1 x - 6 line\n', 'boot-1 99999 - 6 line']) {
    writeFileSync(path, `cmk-courier-ready/1 ${text}`);
    utimesSync(path, new Date(clock.now() + 1e6), new Date(clock.now() + 1e6));
    assert.equal(read(), undefined, text);
  }
});

test('a file without our first line, laid there by hand, is output', async (t) => {
  const { directory, clock, read } = await makeReady(t);
  const path = join(directory, 'web01');
  writeFileSync(path, whole);
  utimesSync(path, new Date(clock.now() + 5000), new Date(clock.now() + 5000));
  assert.deepEqual(read(), { kind: 'output', bytes: whole.length, validMs: 5000 });
  rmSync(path);
  mkdirSync(path);
  assert.equal(read(), undefined);
});

test('what is removed is gone whole, and may be removed again', async (t) => {
  const { directory, ready } = await makeReady(t);
  ready.publish(host, { parts: output }, validity);
  ready.publishFault(host, fault, validity);
  ready.remove(host);
  ready.remove(host);
  assert.deepEqual(readdirSync(directory), []);
});

test('sweeping takes what was half-way written and what expired long ago, and nothing else', async (t) => {
  const { directory, clock, uptime, ready } = await makeReady(t);
  ready.publish(host, { parts: output }, validity);
  ready.publishFault(parseHostName('web02'), fault, { validMs: 1000, address: undefined });
  writeFileSync(join(directory, '.web03~new'), 'half');
  writeFileSync(join(directory, 'notes of mine'), 'x');
  clock.advance(650_000);
  ReadyDirectory.open({ directory, clock, uptime });
  assert.deepEqual(readdirSync(directory).sort(), ['notes of mine', 'web01']);
});

test('a directory that cannot be made is LOCAL', async (t) => {
  const directory = join(await makeTempDir(t), 'file');
  writeFileSync(directory, '');
  const settings = { directory, clock: new FakeClock(), uptime: { bootId: 'b', now: () => 1 } };
  const error = catchThrown(() => ReadyDirectory.open(settings));
  assert.match(String(error), /opening the ready directory/);
});

test('a name that is taken by a directory is LOCAL, and leaves nothing half-way', async (t) => {
  const { directory, ready } = await makeReady(t);
  ready.publish(host, { parts: output }, validity);
  const blocked = ReadyDirectory.open({
    directory: join(directory, '..'),
    clock: new FakeClock(),
    uptime: { bootId: 'b', now: () => 1 },
  });
  assert.match(
    String(catchThrown(() => blocked.publish(parseHostName('ready'), { parts: output }, validity))),
    /laying the output of ready ready/,
  );
  assert.deepEqual(
    readdirSync(join(directory, '..')).filter((name) => name.startsWith('.')),
    [],
  );
});
