import assert from 'node:assert/strict';
import { appendFileSync, linkSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { appendFile, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { systemClock } from '../../../src/clock.ts';
import { CourierError } from '../../../src/faults/errors.ts';
import { parseHostName } from '../../../src/names/host-name.ts';
import { file } from '../../../src/transports/file/file.ts';
import { withTransport } from '../../../src/transports/transport.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { fetchFile, fetchText, makeDrops, output, toSource, whilePausing } from './drops.ts';

/** Large enough that reading it takes many steps. */
const large = 24_000_000;

const timeout = 60_000;

/** Does something between any two steps of what `use` does with the file system. */
async function meanwhile<Result>(act: () => void, use: () => Promise<Result>): Promise<Result> {
  let acting = true;
  const acts = (async () => {
    while (acting) {
      act();
      await setImmediate();
    }
  })();
  try {
    return await use();
  } finally {
    acting = false;
    await acts;
  }
}

test('a file replaced by renaming is the old one or the new one', { timeout }, async (t) => {
  const drops = await makeDrops(t);
  const path = join(drops, 'web01');
  const contents = ['a', 'b'].map((letter) => Buffer.alloc(large, letter));
  for (const [index, content] of contents.entries()) await writeFile(`${path}${index}`, content);
  let replaced = 0;
  const replace = () => {
    replaced += 1;
    linkSync(`${path}${replaced % 2}`, `${path}.tmp`);
    renameSync(`${path}.tmp`, path);
  };
  const context = whilePausing(async () => assert.fail('nothing to wait for'));
  for (let round = 0; round < 10; round += 1) {
    const { output: fetched } = await meanwhile(replace, () => fetchFile(path, { context }));
    assert.ok(contents.some((content) => content.equals(fetched)));
  }
});

test('a file that grows whenever it is read is TIMEOUT', { timeout }, async (t) => {
  const path = join(await makeDrops(t), 'web01');
  await writeFile(path, Buffer.alloc(large));
  const context = whilePausing(async () => undefined);
  const fetched = meanwhile(
    () => appendFileSync(path, 'a'),
    () => fetchFile(path, { context }),
  );
  await expectFault(fetched, 'TIMEOUT', /web01 changes whenever it is read/);
  assert.equal(context.log.lines.length, 3, 'each further look is logged');
});

test('a file that stops changing is read again, and arrives', { timeout }, async (t) => {
  const path = join(await makeDrops(t), 'web01');
  await writeFile(path, Buffer.alloc(large));
  let isWriting = true;
  const context = whilePausing(async () => {
    isWriting = false;
    writeFileSync(path, output);
  });
  const append = () => (isWriting ? appendFileSync(path, 'a') : undefined);
  const text = await meanwhile(append, () => fetchText(path, { context }));
  assert.equal(text, output.toString());
});

test('a file that is cut while it is read does not arrive', { timeout }, async (t) => {
  const path = join(await makeDrops(t), 'web01');
  await writeFile(path, '');
  let resized = 0;
  const resize = () => {
    resized += 1;
    truncateSync(path, resized % 2 === 0 ? 1000 : large);
  };
  const context = whilePausing(async () => undefined);
  for (let round = 0; round < 10; round += 1) {
    const fetched = meanwhile(resize, () => fetchFile(path, { context }));
    await fetched.then(
      (delivery) => assert.equal(delivery.output.length, 1000),
      (error) => assert.equal(error.code, 'TIMEOUT'),
    );
  }
});

test('a file changed this very moment is read after a pause', async (t) => {
  const path = join(await makeDrops(t), 'web01');
  await writeFile(path, 'half of ');
  await utimes(path, 1000, 1000);
  const clock = {
    ...systemClock,
    now: () => 1_000_010,
    sleep: async () => {
      await writeFile(path, output);
    },
  };
  const context = makeOpenContext({ clock });
  assert.equal(await fetchText(path, { context }), output.toString());
  assert.equal(context.log.lines.length, 1);
});

test('a file that outgrows the limit while we wait is TOO_LARGE', async (t) => {
  const path = join(await makeDrops(t), 'web01');
  await writeFile(path, output);
  await writeFile(`${path}.sha256`, '');
  const context = {
    ...whilePausing(() => appendFile(path, Buffer.alloc(200))),
    maxOutputBytes: 200,
  };
  await expectFault(fetchFile(path, { context }), 'TOO_LARGE', /bytes, allowed are 200$/);
});

test('an empty file arrives empty', async (t) => {
  const path = join(await makeDrops(t), 'web01');
  await writeFile(path, '');
  assert.equal(await fetchText(path), '');
});

test('the age comes from the mtime', async (t) => {
  const path = join(await makeDrops(t), 'web01');
  await writeFile(path, output);
  await utimes(path, 1_700_000_000.25, 1_700_000_000.25);
  const { producedAt } = await fetchFile(path);
  assert.deepEqual(producedAt, new Date(1_700_000_000_250));
});

test('an abort between two looks ends the fetch with its reason', async (t) => {
  const drops = await makeDrops(t);
  await writeFile(join(drops, 'web01'), output);
  await writeFile(join(drops, 'web01.sha256'), '');
  const clock = new FakeClock();
  const controller = new AbortController();
  const reason = new CourierError('TIMEOUT', 'no more time');
  const context = makeOpenContext({ clock });
  await withTransport(file, toSource(`${drops}/{host}`), context, async (transport) => {
    const target = { host: parseHostName('web01'), address: undefined };
    const fetched = transport.fetch(target, controller.signal);
    while (clock.sleeping === 0) await readdir(drops);
    controller.abort(reason);
    assert.equal(await expectFault(fetched, 'TIMEOUT'), reason);
    assert.equal(clock.sleeping, 0);
  });
});

test('an abort ends a fetch that is held up in a call that never returns', {
  timeout,
}, async (t) => {
  const path = join(await makeDrops(t), 'web01');
  await writeFile(path, output);
  await writeFile(`${path}.sha256`, '');
  const controller = new AbortController();
  const reason = new CourierError('TIMEOUT', 'no more time');
  const heldUp = () => {
    controller.abort(reason);
    return new Promise<void>(() => undefined);
  };
  const context = { ...whilePausing(heldUp), signal: controller.signal };
  assert.equal(await expectFault(fetchFile(path, { context }), 'TIMEOUT'), reason);
});
