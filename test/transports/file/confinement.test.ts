import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readlink, symlink, unlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { systemClock } from '../../../src/clock.ts';
import { CourierError } from '../../../src/faults/errors.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { fetchFile, fetchText, makeDrops, output } from './drops.ts';

const run = promisify(execFile);

/** Far beyond what is needed: what hangs shall fail. */
const timeout = 20_000;

test('a FIFO in the place of the file is MALFORMED, and does not hold us', {
  timeout,
}, async (t) => {
  const drops = await makeDrops(t);
  await run('mkfifo', [join(drops, 'web01')]);
  await expectFault(fetchFile(`${drops}/{host}`), 'MALFORMED', /web01 is a FIFO, not a regular/);
});

test('a socket in the place of the file is MALFORMED', { timeout }, async (t) => {
  const drops = await makeDrops(t);
  const server = createServer().listen(join(drops, 'web01'));
  t.after(() => server.close());
  await once(server, 'listening');
  await expectFault(fetchFile(`${drops}/{host}`), 'MALFORMED', /web01 is a socket, not a regular/);
});

test('a device in the place of the file is MALFORMED', { timeout }, async () => {
  await expectFault(fetchFile('file:///dev/zero'), 'MALFORMED', /zero is a device, not a regular/);
});

test('a FIFO as the only thing in a directory is NO_OUTPUT', { timeout }, async (t) => {
  const drops = await makeDrops(t);
  await run('mkfifo', [join(drops, 'a')]);
  await symlink('a', join(drops, 'b'));
  await expectFault(fetchFile(`${drops}/`), 'NO_OUTPUT');
});

test('a link to a device is REFUSED', { timeout }, async (t) => {
  const drops = await makeDrops(t);
  await symlink('/dev/zero', join(drops, 'web01'));
  await expectFault(
    fetchFile(`${drops}/{host}`),
    'REFUSED',
    /^(.*)\/web01 leads out of \1, to \/dev\/zero$/,
  );
});

/** A drop directory with a folder beside it that is not for us. */
async function makeNeighbours(t: TestContext): Promise<{ drops: string; outside: string }> {
  const parent = await makeDrops(t);
  const drops = join(parent, 'drops');
  const outside = join(parent, 'drops-of-others');
  for (const directory of [drops, outside]) await mkdir(directory);
  await writeFile(join(outside, 'web01'), 'not for us');
  return { drops, outside };
}

test('a link to a file outside of the drop directory is REFUSED', async (t) => {
  const { drops, outside } = await makeNeighbours(t);
  await symlink(join(outside, 'web01'), join(drops, 'web01'));
  await expectFault(fetchFile(`${drops}/{host}`), 'REFUSED', /leads out of/);
  await expectFault(fetchFile(`${drops}/web01`), 'REFUSED', /leads out of/);
  await expectFault(fetchFile(`${drops}/`), 'REFUSED', /leads out of/);
});

test('a link to a directory outside of the drop directory is REFUSED', async (t) => {
  const { drops, outside } = await makeNeighbours(t);
  await symlink(outside, join(drops, 'web01'));
  await expectFault(fetchFile(`${drops}/{host}`), 'REFUSED', /leads out of/);
  await expectFault(fetchFile(`${drops}/{host}/`), 'REFUSED', /leads out of/);
  await expectFault(fetchFile(`${drops}/{host}/{host}`), 'REFUSED', /leads out of/);
});

test('a sum file that is a link to a file outside of the drop directory is REFUSED', async (t) => {
  const { drops, outside } = await makeNeighbours(t);
  await writeFile(join(drops, 'web01'), output);
  await symlink(join(outside, 'web01'), join(drops, 'web01.sha256'));
  await expectFault(fetchFile(`${drops}/{host}`), 'REFUSED', /web01\.sha256 leads out of/);
});

test('a sum file that is a directory or a FIFO is MALFORMED', { timeout }, async (t) => {
  const drops = await makeDrops(t);
  for (const host of ['a', 'b']) await writeFile(join(drops, host), output);
  await mkdir(join(drops, 'a.sha256'));
  await run('mkfifo', [join(drops, 'b.sha256')]);
  await expectFault(fetchFile(`${drops}/a`), 'MALFORMED', /a\.sha256 is a directory/);
  await expectFault(fetchFile(`${drops}/b`), 'MALFORMED', /b\.sha256 is a FIFO/);
});

test('a link within the drop directory is followed', async (t) => {
  const drops = await makeDrops(t);
  await mkdir(join(drops, 'all/today'), { recursive: true });
  await writeFile(join(drops, 'all/today/17.txt'), output);
  await symlink('all/today/17.txt', join(drops, 'web01'));
  assert.equal(await fetchText(`${drops}/{host}`), output.toString());
});

test('a drop directory may itself be a link', async (t) => {
  const drops = await makeDrops(t);
  await mkdir(join(drops, 'real'));
  await writeFile(join(drops, 'real/web01'), output);
  await symlink('real', join(drops, 'link'));
  for (const source of ['link/{host}', 'link/web01', 'link/', 'link']) {
    assert.equal(await fetchText(`${drops}/${source}`), output.toString(), source);
  }
});

test('a link that leads nowhere is NO_OUTPUT, one that leads in a circle is LOCAL', async (t) => {
  const drops = await makeDrops(t);
  await symlink('nowhere', join(drops, 'a'));
  await symlink('b', join(drops, 'b'));
  await expectFault(fetchFile(`${drops}/a`), 'NO_OUTPUT');
  await expectFault(fetchFile(`${drops}/b`), 'LOCAL', /b: too many symbolic links$/);
});

test('a path that goes up on its own accord stays in the drop directory', async (t) => {
  const { drops } = await makeNeighbours(t);
  await mkdir(join(drops, 'web01'));
  await expectFault(
    fetchFile(`${drops}/{host}/../../drops-of-others/{host}`),
    'REFUSED',
    /leads out of/,
  );
});

test('links swapped while they are followed never lead out', { timeout: 60_000 }, async (t) => {
  const { drops, outside } = await makeNeighbours(t);
  await mkdir(join(drops, 'inside'));
  await writeFile(join(drops, 'inside/web01'), output);
  const swapper = new Worker(new URL('swap-links.ts', import.meta.url), {
    workerData: { drops, targets: ['inside', outside] },
  });
  await once(swapper, 'message');
  const outcomes = new Set<string>();
  const context = makeOpenContext({
    clock: { ...systemClock, now: () => 0, sleep: async () => undefined },
  });
  try {
    for (let round = 0; round < 500; round += 1) {
      outcomes.add(await fetchText(`${drops}/{host}/{host}`, { context }).catch(toCode));
      outcomes.add(await fetchText(`${drops}/{host}/`, { context }).catch(toCode));
    }
  } finally {
    await swapper.terminate();
  }
  assert.deepEqual([...outcomes].sort(), [output.toString(), 'REFUSED']);
  assert.match(await readlink(join(drops, 'web01')), /inside|others/);
});

function toCode(error: unknown): string {
  return error instanceof CourierError ? error.code : String(error);
}

/** Fetches as somebody who is not root, since root may read everything. */
async function fetchAsNobody(uri: string): Promise<string> {
  const program = new URL('fetch-as-nobody.ts', import.meta.url).pathname;
  return (await run(process.execPath, [program, uri])).stdout;
}

test('a file that may not be read is LOCAL, and named', async (t) => {
  const drops = await makeDrops(t);
  await chmod(drops, 0o755);
  for (const name of ['web01', 'sum', 'sum.sha256']) await writeFile(join(drops, name), output);
  await chmod(join(drops, 'web01'), 0);
  await chmod(join(drops, 'sum.sha256'), 0);
  const denied = (path: string) => `LOCAL: reading ${drops}/${path}: permission denied`;
  assert.equal(await fetchAsNobody(`${drops}/{host}`), denied('web01'));
  assert.equal(await fetchAsNobody(`${drops}/sum`), denied('sum.sha256'));
  await unlink(join(drops, 'sum.sha256'));
  assert.equal(await fetchAsNobody(`${drops}/sum`), output.toString());
});

test('a directory that may not be listed or entered is LOCAL, and named', async (t) => {
  const drops = await makeDrops(t);
  await chmod(drops, 0o755);
  await mkdir(join(drops, 'web01'));
  await writeFile(join(drops, 'web01/a'), output);
  await chmod(join(drops, 'web01'), 0o711);
  const listed = await fetchAsNobody(`${drops}/{host}/`);
  assert.equal(listed, `LOCAL: reading ${drops}/web01/: permission denied`);
  await chmod(drops, 0o700);
  const entered = await fetchAsNobody(`${drops}/{host}/`);
  assert.equal(entered, `LOCAL: reading ${drops}/web01/: permission denied`);
});
