import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { main } from '../../src/main.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { Present } from '../../src/spool/newest.ts';
import { putSpooled } from '../../src/spool/putting.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { enrollAll, host, output } from '../sealing/attacks.ts';
import { makeSealSite } from '../sealing/seal-site.ts';
import { seal } from '../sealing/sealing-kit.ts';

/** A site whose spool has this of web01. */
async function startWith(t: TestContext, bytes: Buffer, origin: string) {
  const site = await makeSealSite(t);
  await enrollAll(site);
  const spool = join(site.env.OMD_ROOT, 'var/cmk-courier/spool');
  const at = new Date(Date.now() - 5000);
  const kept = { output: bytes, producedAt: at, receivedAt: at, origin };
  await putSpooled(spool, { host: parseHostName('web01'), ...kept }, new Present(Date.now()));
  return async (...args: readonly string[]) => {
    const { said, ...context } = makeCommandContext();
    const program = { ...context, clock: systemClock, env: { ...site.env } };
    const code = await main(['fetch', '--host=web01', ...args], program);
    return { code, ...said };
  };
}

const drop = () => seal({ host: 'web01', produced: new Date(), output, signer: host });

test('what the receiver stored is opened again by whoever fetches it', async (t) => {
  const fetch = await startWith(t, drop(), 'upload token 1');
  assert.equal((await fetch('spool:')).output, output.toString());
});

test('plain output that somebody sent is not believed, what this site has put there is', async (t) => {
  const sent = await (await startWith(t, output, 'upload token 1'))('spool:');
  assert.equal(sent.code, 7);
  assert.match(sent.errors, /this is not sealed, and web01 is enrolled \(REFUSED\)\n$/);
  for (const origin of ['collector file /drops/web01', 'fetch file /drops/web01']) {
    const fetch = await startWith(t, output, origin);
    assert.equal((await fetch('spool:')).output, output.toString());
    assert.equal((await fetch('spool:', '--seal=required')).code, 0);
  }
});

test('only what was opened may stand in when every source fails', async (t) => {
  const failing = ['/nowhere/web01', '--grace=1h'];
  const sent = await (await startWith(t, output, 'upload token 1'))(...failing);
  assert.equal(sent.code, 4);
  assert.equal(sent.output, '');
  const own = await (await startWith(t, output, 'collector file /drops/web01'))(...failing);
  assert.equal(own.code, 0);
  assert.match(own.output, /output is 5s old, since every source failed/);
});
