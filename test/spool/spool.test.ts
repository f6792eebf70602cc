import assert from 'node:assert/strict';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { type HostName, parseHostName } from '../../src/names/host-name.ts';
import { Present } from '../../src/spool/newest.ts';
import { putSpooled } from '../../src/spool/putting.ts';
import { readPrevious, readSpooled, Spool } from '../../src/spool/spool.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { filesOf, makeNewOutput, namesIn, openSpool } from './spools.ts';

const log = makeCollectingLog();
const web1 = parseHostName('web1');

const reading = { log, clock: systemClock };

const textOf = async (directory: string, host: HostName = web1) =>
  (await readSpooled(directory, host, { log, clock: systemClock }))?.output.toString();

test('what was put is read, with all that is known of it', async (t) => {
  const { spool, directory } = await openSpool(t);
  const output = { ...makeNewOutput('web1', ''), output: Buffer.from([0, 13, 10, 255, 10]) };
  await spool.put(output);
  assert.deepEqual(await readSpooled(directory, web1, { log, clock: systemClock }), output);
  assert.deepEqual(log.lines, []);
});

test('nothing is read where nothing was put, be there a spool or not', async (t) => {
  const { directory } = await openSpool(t);
  assert.equal(await readSpooled(directory, web1, { log, clock: systemClock }), undefined);
  assert.equal(await readPrevious(directory, web1, { log, clock: systemClock }), undefined);
  assert.equal(
    await readSpooled(join(directory, 'none'), web1, { log, clock: systemClock }),
    undefined,
  );
});

test('the newest output and the one before it are kept, and no other', async (t) => {
  const { spool, directory } = await openSpool(t);
  await spool.put(makeNewOutput('web1', 'first', 1));
  assert.equal(await readPrevious(directory, web1, { log, clock: systemClock }), undefined);
  await spool.put(makeNewOutput('web1', 'second', 2));
  await spool.put(makeNewOutput('web1', 'third', 3));
  assert.equal(await textOf(directory), 'third');
  const previous = await readPrevious(directory, web1, { log, clock: systemClock });
  assert.equal(previous?.output.toString(), 'second');
  assert.equal((await namesIn(directory)).length, 2);
});

/** Received later than all others. */
const late = { receivedAt: new Date(Date.UTC(2026, 0, 1, 13)) };

test('output produced before what is there does not replace it, however late it comes', async (t) => {
  const { spool, directory } = await openSpool(t);
  assert.equal(await spool.put(makeNewOutput('web1', 'new', 2)), undefined);
  const newer = await spool.put({ ...makeNewOutput('web1', 'old', 1), ...late });
  assert.deepEqual(newer?.producedAt, makeNewOutput('web1', '', 2).producedAt);
  assert.equal(await textOf(directory), 'new');
  assert.equal((await namesIn(directory)).length, 1);
});

test('nor does it when it comes through another process', async (t) => {
  const { spool, directory } = await openSpool(t);
  const other = await openSpool(t, { directory });
  await spool.put(makeNewOutput('web1', 'new', 2));
  await other.spool.put({ ...makeNewOutput('web1', 'old', 1), ...late });
  assert.equal(await textOf(directory), 'new');
  const again = await openSpool(t, { directory });
  await again.spool.put({ ...makeNewOutput('web1', 'older', 0), ...late });
  assert.equal(await textOf(directory), 'new');
});

test('nor when it comes from a program that looks at this host alone', async (t) => {
  const { spool, directory } = await openSpool(t);
  const present = new Present(Date.now());
  const put = (text: string, seconds: number) =>
    putSpooled(directory, { ...makeNewOutput('web1', text, seconds), ...late }, present);
  await spool.put(makeNewOutput('web1', 'new', 2));
  assert.equal((await put('old', 1))?.origin, 'upload somebody');
  assert.equal(await textOf(directory), 'new');
  assert.equal(await put('newer', 3), undefined);
  assert.equal(await put('newest', 4), undefined);
  await spool.put({ ...makeNewOutput('web1', 'delayed', 2), ...late });
  assert.equal(await textOf(directory), 'newest');
  assert.equal((await readPrevious(directory, web1, reading))?.output.toString(), 'newer');
});

test('of outputs produced in the same millisecond the last one put is the newest', async (t) => {
  const { spool, directory } = await openSpool(t);
  const texts = Array.from({ length: 100 }, (_, index) => `output ${index}`);
  for (const text of texts) {
    await spool.put(makeNewOutput('web1', text));
    assert.equal(await textOf(directory), text);
  }
});

test('nothing from the future is put, and what is there from then counts as absent', async (t) => {
  const { spool, directory, log } = await openSpool(t);
  const producedAt = new Date(Date.now() + 86_400_000);
  const ahead = { ...makeNewOutput('web1', 'from the future'), producedAt };
  const { message } = await expectFault(spool.put(ahead), 'STALE');
  assert.match(message, /^the output of web1 is from 8\d+s in the future, allowed are 60s$/);
  await expectFault(putSpooled(directory, ahead, new Present(Date.now())), 'STALE');
  assert.deepEqual(await namesIn(directory), []);

  await spool.put(ahead, Number.POSITIVE_INFINITY);
  assert.equal(await textOf(directory), undefined);
  assert.deepEqual(spool.summaries(), []);
  const then = { log, clock: { now: () => producedAt.getTime() } };
  assert.equal((await readSpooled(directory, web1, then))?.output.toString(), 'from the future');

  await spool.put(makeNewOutput('web1', 'now', 1));
  assert.equal(await textOf(directory), 'now');
  assert.equal((await namesIn(directory)).length, 1);
});

test('what is from the future goes only when output of now has come', async (t) => {
  const { spool, directory } = await openSpool(t);
  const producedAt = new Date(Date.now() + 86_400_000);
  const ahead = { ...makeNewOutput('web1', 'from the future'), producedAt };
  await spool.put(makeNewOutput('web1', 'now', 1));
  await spool.put(ahead, Number.POSITIVE_INFINITY);
  const again = await openSpool(t, { directory });
  assert.equal((await namesIn(directory)).length, 2);
  const log = makeCollectingLog();
  for (const _ of ['once', 'again']) {
    const read = await readSpooled(directory, web1, { log, clock: systemClock });
    assert.equal(read?.output.toString(), 'now');
  }
  assert.equal(log.lines.length, 1);
  const [line = ''] = log.lines;
  assert.match(line, /^warn \/\S+ is from the future, 20\S+Z: passed over \{ host: 'web1' \}$/);
  await putSpooled(directory, makeNewOutput('web1', 'and after', 2), new Present(Date.now()));
  assert.equal(await textOf(directory), 'and after');
  assert.equal((await namesIn(directory)).length, 2);
  await again.spool.put(makeNewOutput('web1', 'at last', 3));
  assert.equal(await textOf(directory), 'at last');
});

test('puts of one host that run at once take effect in their order', async (t) => {
  const { spool, directory } = await openSpool(t);
  const outputs = Array.from({ length: 50 }, (_, index) => makeNewOutput('web1', `${index}`));
  await Promise.all(outputs.map((output) => spool.put(output)));
  assert.equal(await textOf(directory), '49');
  assert.equal((await namesIn(directory)).length, 2);
});

test('a removed host is gone, with all its files, and may come again', async (t) => {
  const { spool, directory } = await openSpool(t);
  for (const host of ['web1', 'web10']) await spool.put(makeNewOutput(host, host, 1));
  await spool.put(makeNewOutput('web1', 'again', 2));
  await spool.remove(web1);
  await spool.remove(web1);
  assert.equal(await textOf(directory), undefined);
  assert.deepEqual(
    spool.summaries().map(({ host }) => host),
    ['web10'],
  );
  assert.equal((await namesIn(directory)).length, 1);
  await spool.put(makeNewOutput('web1', 'older, but all there is', 0));
  assert.equal(await textOf(directory), 'older, but all there is');
});

test('a spool that is opened again knows what it holds', async (t) => {
  const { spool, directory } = await openSpool(t);
  await spool.put(makeNewOutput('web1', 'first', 1));
  await spool.put(makeNewOutput('web1', 'second', 2));
  await spool.put(makeNewOutput('fe80::1%eth0', 'other', 1));
  const sorted = (known: Spool) => known.summaries().toSorted((a, b) => (a.host < b.host ? -1 : 1));
  const { hosts, bytes } = spool.statistics;
  const again = await openSpool(t, { directory });
  assert.deepEqual(sorted(again.spool), sorted(spool));
  assert.deepEqual({ hosts, bytes }, { hosts: 2, bytes: again.spool.statistics.bytes });
  await again.spool.put(makeNewOutput('web1', 'older', 0));
  assert.equal(await textOf(directory), 'second');
});

test('statistics count hosts, all files, and fsyncs', async (t) => {
  const { spool, directory } = await openSpool(t);
  const empty = { hosts: 0, bytes: 0, lastFsyncMs: 0, fsyncs: 0, fsyncMs: 0 };
  assert.deepEqual(spool.statistics, empty);
  await spool.put(makeNewOutput('web1', 'first', 1));
  await spool.put(makeNewOutput('web1', 'second', 2));
  const files = await filesOf(directory, 'web1');
  const sizes = await Promise.all(files.map(async (path) => (await stat(path)).size));
  const { hosts, bytes, fsyncs, fsyncMs, lastFsyncMs } = spool.statistics;
  assert.deepEqual([hosts, bytes, fsyncs], [1, sizes.reduce((sum, size) => sum + size), 4]);
  assert.ok(lastFsyncMs > 0 && fsyncMs > lastFsyncMs);
});

test('a spool that is full of hosts takes no further one, but newer output of those it has', async (t) => {
  const { spool, directory } = await openSpool(t, { maxHosts: 2 });
  await spool.put(makeNewOutput('web1', 'first', 1));
  await spool.put(makeNewOutput('web2', 'first', 1));
  const { message } = await expectFault(spool.put(makeNewOutput('web3', 'first', 1)), 'LOCAL');
  assert.equal(message, `${directory} is full: it may hold 2 hosts`);
  await spool.put(makeNewOutput('web1', 'second', 2));
  assert.equal(await textOf(directory), 'second');
  await spool.remove(parseHostName('web2'));
  await spool.put(makeNewOutput('web3', 'first', 1));
});

test('new hosts that come at once do not get past the bound', async (t) => {
  const { spool } = await openSpool(t, { maxHosts: 5 });
  const hosts = Array.from({ length: 20 }, (_, index) => `web${index}`);
  const puts = hosts.map((host) => spool.put(makeNewOutput(host, 'x')));
  const settled = await Promise.allSettled(puts);
  assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 5);
  assert.equal(spool.statistics.hosts, 5);
});

test('a spool that is full of bytes refuses what is too much and keeps what it has', async (t) => {
  const { spool, directory } = await openSpool(t, { maxBytes: 10_000 });
  await spool.put(makeNewOutput('web1', 'a'.repeat(4000), 1));
  await spool.put(makeNewOutput('web1', 'b'.repeat(4000), 2));
  const { bytes } = spool.statistics;
  const tooMuch = spool.put(makeNewOutput('web2', 'c'.repeat(4000), 3));
  const { message } = await expectFault(tooMuch, 'LOCAL');
  assert.equal(message, `${directory} is full: it may hold 10000 bytes`);
  assert.equal(spool.statistics.bytes, bytes);
  await spool.put(makeNewOutput('web1', 'd'.repeat(4000), 4));
  assert.equal(await textOf(directory), 'd'.repeat(4000));
  assert.equal(spool.statistics.bytes, bytes);
});

test('its directories are for their owner only, its files too', async (t) => {
  const { spool, directory } = await openSpool(t);
  await spool.put(makeNewOutput('web1', 'first'));
  const [file = ''] = await filesOf(directory, 'web1');
  const modes = [directory, dirname(file), file].map(async (path) => (await stat(path)).mode);
  assert.deepEqual(
    (await Promise.all(modes)).map((mode) => (mode & 0o777).toString(8)),
    ['700', '700', '600'],
  );
});

test('a place that cannot hold a spool is LOCAL', async (t) => {
  const directory = await makeTempDir(t);
  await writeFile(join(directory, 'file'), '');
  const settings = {
    directory: join(directory, 'file'),
    maxBytes: 1,
    maxHosts: 1,
    log,
    clock: systemClock,
  };
  const { message } = await expectFault(Spool.open(settings), 'LOCAL');
  assert.match(message, /^opening the spool .*: /);
  await mkdir(join(directory, 'spool'));
  await writeFile(join(directory, 'spool', 'a'), '');
  await expectFault(Spool.open({ ...settings, directory: join(directory, 'spool') }), 'LOCAL');
});

test('closing ends what runs, may be done twice, and nothing is taken afterwards', async (t) => {
  const { spool, directory } = await openSpool(t);
  const put = spool.put(makeNewOutput('web1', 'just in time'));
  await Promise.all([spool.close(), spool.close()]);
  assert.equal(await textOf(directory), 'just in time');
  await put;
  await expectFault(spool.put(makeNewOutput('web1', 'too late')), 'INTERNAL');
});

test('what brought it is kept fit for one line', async (t) => {
  const { spool, directory } = await openSpool(t);
  const origin = `upload a\nb\0c ${'ü'.repeat(3000)}`;
  await spool.put({ ...makeNewOutput('web1', 'x'), origin });
  const read = await readSpooled(directory, web1, { log, clock: systemClock });
  assert.equal(read?.origin, `upload a b c ${'ü'.repeat(186)}…`);
  assert.equal(spool.summaries()[0]?.origin, read?.origin);
});
