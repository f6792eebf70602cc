import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { type AskedHost, forgetAsked, noteAsked, readAsked } from '../../src/ready/asked.ts';
import { anotherUser, skipUnlessRoot } from '../helpers/another-user.ts';
import { catchThrown } from '../helpers/catch-thrown.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { sourceUrl, startScript } from '../helpers/run-script.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const skip = skipUnlessRoot();

const web01: AskedHost = {
  host: parseHostName('web01'),
  address: '127.0.0.1',
  tags: ['prod', 'linux'],
};

async function makeAsked(t: TestContext) {
  const directory = join(await makeTempDir(t), 'run/asked');
  const log = makeCollectingLog();
  const note = (asked: AskedHost = web01) => noteAsked(directory, asked, systemClock, log);
  return { directory, log, note };
}

test('what the site asked for is read as it was noted', async (t) => {
  const { directory, note } = await makeAsked(t);
  assert.deepEqual(readAsked(directory), []);
  note();
  note({ host: parseHostName('db'), address: undefined, tags: [] });
  const asked = readAsked(directory).map(({ askedAt, ...others }) => others);
  assert.deepEqual(
    asked.toSorted((one, other) => one.host.localeCompare(other.host)),
    [{ host: 'db', address: undefined, tags: [] }, web01],
  );
});

test('it is written again when something has changed, or after an hour', async (t) => {
  const { directory, note } = await makeAsked(t);
  const path = join(directory, 'web01');
  note();
  const first = statSync(path).ino;
  note();
  assert.equal(statSync(path).ino, first);
  note({ ...web01, address: '::1' });
  assert.equal(readFileSync(path, 'utf8'), '::1 prod linux\n');
  const old = new Date(Date.now() - 3_700_000);
  utimesSync(path, old, old);
  note({ ...web01, address: '::1' });
  assert.ok(statSync(path).mtimeMs > old.getTime() + 1000);
});

test('what is no note is passed over', async (t) => {
  const { directory, note } = await makeAsked(t);
  note();
  writeFileSync(join(directory, '.web02~1'), 'half');
  writeFileSync(join(directory, 'a b'), '-\n');
  writeFileSync(join(directory, 'web03'), 'not!an!address\n');
  mkdirSync(join(directory, 'web04'));
  assert.deepEqual(
    readAsked(directory).map(({ host }) => host),
    ['web01'],
  );
});

test('what another user may have noted is passed over, and his directory refused', {
  skip,
}, async (t) => {
  const { directory, log, note } = await makeAsked(t);
  note();
  writeFileSync(join(directory, 'web05'), '192.0.2.1\n');
  chownSync(join(directory, 'web05'), anotherUser, anotherUser);
  assert.deepEqual(
    readAsked(directory).map(({ host }) => host),
    ['web01'],
  );
  chmodSync(directory, 0o777);
  assert.match(catchThrown(() => readAsked(directory)).message, /it is writable for everybody/);
  note({ ...web01, address: '::2' });
  assert.equal(log.lines.length, 1);
});

test('nothing is opened in a directory where anybody may have put a FIFO', async (t) => {
  const { directory } = await makeAsked(t);
  mkdirSync(directory, { recursive: true });
  chmodSync(directory, 0o777);
  execFileSync('mkfifo', [join(directory, 'web01')]);
  // In a process of its own, since it would hang where no signal is heard.
  const { code } = await startScript(`
    import { spawnSync } from 'node:child_process';
    const script = \`
      import { systemClock } from ${sourceUrl('clock.ts')};
      import { noteAsked } from ${sourceUrl('ready/asked.ts')};
      const asked = { host: 'web01', address: undefined, tags: [] };
      noteAsked(${JSON.stringify(directory)}, asked, systemClock, { debug() {} });
    \`;
    const args = ['--input-type=module', '-e', script];
    process.exitCode = spawnSync(process.execPath, args, { timeout: 20_000 }).status ?? 99;
  `).ended;
  assert.equal(code, 0);
});

test('a host that is forgotten is gone, and may be forgotten again', async (t) => {
  const { directory, note } = await makeAsked(t);
  note();
  forgetAsked(directory, web01.host);
  forgetAsked(directory, web01.host);
  assert.deepEqual(readAsked(directory), []);
});

test('a fetch does not fail for it', async (t) => {
  const { directory, log } = await makeAsked(t);
  mkdirSync(join(directory, '..'));
  writeFileSync(directory, '');
  noteAsked(directory, web01, systemClock, log);
  assert.match(log.lines.join(), /^debug cannot note for a collector that the site asked/);
});
