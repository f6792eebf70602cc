import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseHostName } from '../../src/names/host-name.ts';
import { readReady } from '../../src/ready/reading.ts';
import { ReadyDirectory } from '../../src/ready/ready-directory.ts';
import { anotherUser, skipUnlessRoot } from '../helpers/another-user.ts';
import { catchThrown } from '../helpers/catch-thrown.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const skip = skipUnlessRoot();
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
  assert.equal(text('web01'), `cmk-courier-ready/2 web01 boot-1 1091 - 0\n${whole}`);
  assert.equal(statSync(join(directory, 'web01')).mtimeMs, clock.now() + 90_900);
  assert.deepEqual(readdirSync(directory), ['web01']);
  assert.deepEqual(read(), { kind: 'output', bytes: whole.length, validMs: 90_900 });
});

test('old output that stands in says why, and is no good output to be kept', async (t) => {
  const { ready, read, text } = await makeReady(t);
  ready.publish(host, { parts: output, graceFor: fault.line }, validity);
  assert.equal(text('web01'), `cmk-courier-ready/2 web01 boot-1 1091 - 0 ${fault.line}\n${whole}`);
  assert.deepEqual(read(), { kind: 'grace', bytes: whole.length, line: fault.line });
  assert.equal(ready.readBack(host), undefined);
  ready.publish(host, { parts: output }, validity);
  assert.equal(ready.readBack(host)?.toString(), whole);
});

test('a fault takes the place of output, and output that of a fault', async (t) => {
  const { directory, ready, read, text } = await makeReady(t);
  ready.publish(host, { parts: output }, validity);
  ready.publishFault(host, fault, { validMs: 10_000, address: '127.0.0.1' });
  assert.equal(text('web01'), `cmk-courier-ready/2 web01 boot-1 1010 127.0.0.1 6 ${fault.line}\n`);
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
  const lines = [
    ...['2 ', '2 web01 boot-1 99999 - 6\n', '2 web01 boot-1 x - 6 line\n'],
    ...['2 web01 boot-1 99999 - 6 line', '2 web02 boot-1 99999 - 6 line\n'],
    '1 boot-1 99999 - 6 line\n',
  ];
  for (const text of lines) {
    writeFileSync(path, `cmk-courier-ready/${text}`);
    utimesSync(path, new Date(clock.now() + 1e6), new Date(clock.now() + 1e6));
    assert.equal(read(), undefined, text);
  }
});

test('a file without our first line, laid there by hand, is nothing', async (t) => {
  const { directory, clock, read } = await makeReady(t);
  const path = join(directory, 'web01');
  writeFileSync(path, whole);
  utimesSync(path, new Date(clock.now() + 5000), new Date(clock.now() + 5000));
  assert.equal(read(), undefined);
  rmSync(path);
  mkdirSync(path);
  assert.equal(read(), undefined);
});

test('what others may change is not read', { skip }, async (t) => {
  const { directory, ready, read } = await makeReady(t);
  const path = join(directory, 'web01');
  ready.publish(host, { parts: output }, validity);
  chownSync(path, anotherUser, 0);
  assert.equal(read(), undefined);
  chownSync(path, 0, 0);
  chmodSync(directory, 0o777);
  assert.match(catchThrown(read).message, /it is writable for everybody \(mode 777\)/);
  chmodSync(directory, 0o700);
  renameSync(path, join(directory, '..', 'web01'));
  symlinkSync('../web01', path);
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
  const { directory, clock, ready } = await makeReady(t);
  ready.publish(host, { parts: output }, validity);
  ready.publishFault(parseHostName('web02'), fault, { validMs: 1000, address: undefined });
  writeFileSync(join(directory, '.web03~new'), '');
  writeFileSync(join(directory, '.web04~new'), 'cmk-courier-ready/2 web04 ');
  clock.advance(650_000);
  ready.sweep();
  assert.deepEqual(readdirSync(directory).sort(), ['web01']);
});

/** What an administrator may have beside each other: all of them could be names of hosts. */
const foreign = ['id_ed25519', 'routes.yaml', 'server.pem', '.notes~new', 'notes of mine', 'empty'];

test('what somebody else has laid there is never removed, however old', async (t) => {
  const { directory, clock, ready } = await makeReady(t);
  for (const name of foreign) {
    writeFileSync(join(directory, name), name === 'empty' ? '' : 'PRIVATE KEY');
    utimesSync(join(directory, name), new Date(1e12), new Date(1e12));
  }
  mkdirSync(join(directory, 'web09'));
  clock.advance(3_600_000);
  ready.sweep();
  assert.deepEqual(readdirSync(directory).sort(), [...foreign, 'web09'].sort());
});

test('a directory with something of somebody else in it is refused', async (t) => {
  const { directory, clock, uptime, ready } = await makeReady(t);
  const open = () => ReadyDirectory.open({ directory, clock, uptime });
  ready.publish(host, { parts: output }, validity);
  writeFileSync(join(directory, 'db'), 'cmk-courier-ready/1 of an earlier version');
  open();
  for (const name of foreign) {
    writeFileSync(join(directory, name), name === 'empty' ? '' : 'PRIVATE KEY');
    const { code, message } = catchThrown(open);
    assert.deepEqual(
      [code, message],
      [
        'CONFIG',
        `the ready directory ${directory} holds "${name}", which is not ours; --ready must name a directory of its own`,
      ],
    );
    rmSync(join(directory, name));
  }
  mkdirSync(join(directory, 'web09'));
  assert.match(catchThrown(open).message, /holds "web09", which is not ours/);
});

test('a directory that others may write to is refused', async (t) => {
  const { directory, clock, uptime } = await makeReady(t);
  chmodSync(directory, 0o770 | 0o002);
  const { code, message } = catchThrown(() => ReadyDirectory.open({ directory, clock, uptime }));
  assert.equal(code, 'CONFIG');
  assert.equal(
    message,
    `others may change ${directory}: it is writable for everybody (mode 772); chmod go-w ${directory}`,
  );
});

test('a directory that disappears is made again', async (t) => {
  const { directory, ready, read } = await makeReady(t);
  rmSync(join(directory, '..'), { recursive: true });
  ready.publish(host, { parts: output }, validity);
  assert.equal(read()?.kind, 'output');
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  rmSync(directory, { recursive: true });
  ready.sweep();
  assert.deepEqual(readdirSync(directory), []);
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
  mkdirSync(join(directory, 'web01'));
  assert.match(
    String(catchThrown(() => ready.publish(host, { parts: output }, validity))),
    /laying the output of web01 ready/,
  );
  assert.deepEqual(readdirSync(directory), ['web01']);
});
