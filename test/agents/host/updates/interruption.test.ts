import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { sha256 } from '../../../peers/update-documents.ts';
import { Host, inLong, isLong } from './host.ts';
import { makeRelease } from './packages.ts';

/** Releases whose agents print nothing but their version, so that a run is short. */
const updater = {
  path: 'bin/courier-update',
  mode: 0o755,
  content: '#!/bin/sh\nprintf "%s ok\\n" state root server\n',
};
const releases = ['1', '2', '3', '4'].map((version) => makeRelease(version, [updater]));
const [first = makeRelease('1'), second = makeRelease('2')] = releases;

const pattern = new Host({ after: (cleanUp) => after(cleanUp) });
pattern.trust();
pattern.offer(first);
assert.deepEqual((await pattern.install()).status, 0);

function hostWithRelease(t: ConstructorParameters<typeof Host>[0]): Host {
  const host = new Host(t);
  host.become(pattern);
  return host;
}

/** Whether all files of a release are as its list says. */
function isWhole(host: Host, hash: string): boolean {
  const directory = join(host.base, 'releases', hash);
  if (!existsSync(join(directory, 'FILES'))) return false;
  const lines = readFileSync(join(directory, 'FILES'), 'latin1').trimEnd().split('\n');
  return lines.every((line) => {
    const [, digest, path = ''] = line.split(' ');
    return (
      existsSync(join(directory, path)) && sha256(readFileSync(join(directory, path))) === digest
    );
  });
}

/** What has to hold whatever has happened: the launcher starts a release that is whole. */
async function expectWhole(host: Host): Promise<string> {
  const { stdout, stderr } = await host.agent();
  const [, version = ''] = /^Version: (\d)$/m.exec(stdout) ?? [];
  const release = releases[Number(version) - 1];
  assert.ok(release, `${stdout}${stderr}`);
  assert.ok(isWhole(host, release.hash), `release ${version} is not whole`);
  return version;
}

/** After the next start: one release or the other, committed, and nothing half. */
async function expectSettled(host: Host): Promise<void> {
  const settled = await host.run(['update', `--inbox=${join(host.root, 'nothing')}`, '--quiet']);
  assert.notEqual(settled.status, null);
  const version = await expectWhole(host);
  const hash = releases[Number(version) - 1]?.hash;
  assert.equal(host.read('current'), `${hash}\n`);
  assert.equal(host.floors()['installed-hash'], hash);
  assert.deepEqual(
    readdirSync(join(host.base, 'state')).filter((name) => /journal|staging|work/.test(name)),
    [],
  );
}

for (const step of ['staged', 'switched', 'testing', 'committed', 'returning']) {
  const skip = !/switched|committed/.test(step) && inLong;
  test(`IN-5: a kill at the step "${step}" ends in one release or the other`, {
    skip,
  }, async (t) => {
    const host = hostWithRelease(t);
    host.offer(step === 'returning' ? makeRelease('2', [brokenAgent]) : second);
    // The copy kills itself when the journal has the step.
    host.copyUpdater((text) => killAt(step, text));
    const killed = await host.update();
    assert.equal(killed.status, null);
    assert.match(host.read('state/journal'), new RegExp(`^step ${step}$`, 'm'));
    const expected = step === 'committed' ? '2' : '1';
    // Nobody is there any more who could take the new release back: the old one runs at once.
    assert.equal(await expectWhole(host), expected);
    host.copyUpdater((text) => text);
    await expectSettled(host);
    assert.equal(await expectWhole(host), expected);
    host.offer(releases[2] ?? first);
    assert.equal((await host.update()).status, 0);
    assert.equal(await expectWhole(host), '3');
  });
}

/** An updater that kills itself when the journal has a step. */
function killAt(step: string, text: string): string {
  const place = '    log debug "step $1 of';
  assert.ok(text.includes(place));
  return text.replace(place, () => `    [ "$1" != ${step} ] || kill -KILL $$\n${place}`);
}

test('IN-5: a broken release whose test was cut off does not keep the host from its updater', async (t) => {
  const host = hostWithRelease(t);
  const broken = makeRelease('2', [brokenAgent]);
  host.offer(broken);
  host.copyUpdater((text) => killAt('testing', text));
  assert.equal((await host.update()).status, null);
  assert.equal(host.read('current'), `${broken.hash}\n`);
  assert.equal(await expectWhole(host), '1');
  // Power that fails takes the journal along, or half of it.
  host.write('state/journal', host.read('state/journal').slice(0, 40));
  host.copyUpdater((text) => text);
  await expectSettled(host);
  assert.equal(await expectWhole(host), '1');
});

const brokenAgent = { path: 'bin/check_mk_agent', mode: 0o755, content: '#!/bin/sh\n' };

test('IN-5: a release during which the host goes down three times is not tried again', {
  skip: inLong,
}, async (t) => {
  const host = hostWithRelease(t);
  host.offer(second);
  host.copyUpdater((text) => killAt('testing', text));
  for (let turn = 0; turn < 3; turn += 1) assert.equal((await host.update()).status, null);
  host.copyUpdater((text) => text);
  const { stderr } = await host.update();
  assert.match(stderr, /E-REFUSED/);
  assert.match(
    host.read('section'),
    /UpdateFailed: E-INTERRUPTED the installation of release \S+ was cut off three times/,
  );
  assert.equal(await expectWhole(host), '1');
});

const kills = isLong ? 1000 : 12;

test(`IN-5: after ${kills} kills at random moments the launcher starts a complete release`, async (t) => {
  const host = hostWithRelease(t);
  let [at, killed] = [0, 0];
  for (let turn = 0; killed < kills; turn += 1) {
    const next = releases[(at + 1) % releases.length] ?? first;
    host.offer(next);
    const wasKilled = await killAtRandom(host, Math.random() * 700);
    if (wasKilled) killed += 1;
    const version = await expectWhole(host);
    at = Number(version) - 1;
    if (turn % 10 === 0) {
      await expectSettled(host);
      host.write('state/attempts', '0 -\n');
    }
  }
  await expectSettled(host);
  host.offer(makeReleaseThatIsNew());
  assert.equal((await host.update()).status, 0);
});

function makeReleaseThatIsNew() {
  return makeRelease('1', [{ path: 'lib/local/new', content: 'x' }]);
}

/** Starts an update and kills its shell; true when it had not ended before. */
async function killAtRandom(host: Host, afterMs: number): Promise<boolean> {
  const child = spawn(
    'dash',
    [host.updater, 'update', `--inbox=${host.inbox}`, `--base=${host.base}`, '--host=web01'],
    {
      env: { PATH: process.env['PATH'], MK_VARDIR: join(host.root, 'lib') },
      stdio: 'ignore',
      detached: true,
    },
  );
  const ended = once(child, 'exit');
  const isOver = await Promise.race([ended.then(() => true), setTimeout(afterMs, false)]);
  if (!isOver && child.pid !== undefined) {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      return false;
    }
  }
  await ended;
  return !isOver;
}
