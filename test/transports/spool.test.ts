import assert from 'node:assert/strict';
import { mkdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseHostName } from '../../src/names/host-name.ts';
import { parseSourceUri } from '../../src/transports/source.ts';
import { spool } from '../../src/transports/spool/spool.ts';
import { type Delivery, type OpenContext, withTransport } from '../../src/transports/transport.ts';
import { testTransportConformance } from '../conformance/transport.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { knownDate } from '../helpers/known-date.ts';
import { makeOpenContext } from '../helpers/open-context.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { filesOf, makeNewOutput, openSpool } from '../spool/spools.ts';
import { startSpool } from './spool/conformance-peer.ts';

testTransportConformance('spool passes the conformance suite', startSpool, false);

function fetchSpooled(uri: string, overrides: Partial<Omit<OpenContext, 'log'>> = {}) {
  const context = makeOpenContext(overrides);
  const source = { uri: parseSourceUri(uri), options: {} };
  const target = { host: parseHostName('web1'), address: undefined };
  return withTransport(
    spool,
    source,
    context,
    (open): Promise<Delivery> => open.fetch(target, context.signal),
  );
}

test('a delivery says where it was, when it came, who brought it and when it was made', async (t) => {
  const { spool: writer, directory } = await openSpool(t);
  await writer.put(makeNewOutput('web1', 'x\n', 7));
  const { output, origin, producedAt } = await fetchSpooled(`spool://${directory}`);
  assert.equal(output.toString(), 'x\n');
  assert.equal(origin, `${directory} (received 2026-01-01T12:00:07.000Z, upload somebody)`);
  assert.equal(knownDate(producedAt).toISOString(), '2026-01-01T11:59:07.000Z');
});

test('a host without output is NO_OUTPUT, and the spool is named', async (t) => {
  const { directory } = await openSpool(t);
  const { message } = await expectFault(fetchSpooled(`spool://${directory}`), 'NO_OUTPUT');
  assert.equal(message, `there is no output of web1 in ${directory}`);
});

test('a spool that is not there is LOCAL', async (t) => {
  const directory = join(await makeTempDir(t), 'none');
  const { message } = await expectFault(fetchSpooled(`spool://${directory}`), 'LOCAL');
  assert.equal(message, `looking into the spool ${directory}: no such file or directory`);
});

test('torn output is never delivered: the one before it is, with its own age', async (t) => {
  const { spool: writer, directory } = await openSpool(t);
  await writer.put(makeNewOutput('web1', 'before\n', 1));
  await writer.put(makeNewOutput('web1', 'torn\n', 2));
  const [newest = ''] = await filesOf(directory, 'web1');
  await truncate(newest, 150);
  const { output, producedAt } = await fetchSpooled(`spool://${directory}`);
  assert.equal(output.toString(), 'before\n');
  assert.equal(knownDate(producedAt).toISOString(), '2026-01-01T11:59:01.000Z');
});

test('output just as large as allowed is delivered, a byte more is TOO_LARGE', async (t) => {
  const { spool: writer, directory } = await openSpool(t);
  await writer.put(makeNewOutput('web1', 'x'.repeat(1000)));
  const { output } = await fetchSpooled(`spool://${directory}`, { maxOutputBytes: 1000 });
  assert.equal(output.length, 1000);
  const refused = fetchSpooled(`spool://${directory}`, { maxOutputBytes: 999 });
  const { message } = await expectFault(refused, 'TOO_LARGE');
  assert.equal(message, 'the output of web1 in the spool has 1000 bytes, allowed are 999');
});

test('without a path the spool is that of the site, else of the user', async (t) => {
  const home = await makeTempDir(t);
  const places = [
    ['var/cmk-courier/spool', { OMD_ROOT: home, XDG_STATE_HOME: '/none', HOME: '/none' }],
    ['cmk-courier/spool', { XDG_STATE_HOME: home, HOME: '/none' }],
    ['.local/state/cmk-courier/spool', { XDG_STATE_HOME: 'relative', HOME: home }],
  ] as const;
  for (const [path, env] of places) {
    await mkdir(join(home, path), { recursive: true });
    const { message } = await expectFault(fetchSpooled('spool:', { env }), 'NO_OUTPUT');
    assert.equal(message, `there is no output of web1 in ${join(home, path)}`);
  }
});

test('a directory with a blank or a letter beyond ASCII is found', async (t) => {
  const directory = join(await makeTempDir(t), 'a spööl');
  const { spool: writer } = await openSpool(t, { directory });
  await writer.put(makeNewOutput('web1', 'x\n'));
  const { output } = await fetchSpooled(encodeURI(`spool://localhost${directory}/`));
  assert.equal(output.toString(), 'x\n');
});

test('sources that make no sense are USAGE', async () => {
  const wrong = [
    ['spool://depot/x', /^a spool: source cannot be on another machine, here "depot"$/],
    ['spool://', /^a spool: source is spool: alone or has an absolute path$/],
    ['spool:x', /^a spool: source is spool: alone or has an absolute path$/],
    ['spool:///x/{host}', /^a spool: source has no placeholders: /],
    ['spool:///x?y', /^a spool: source has no query and no fragment/],
    ['spool:///x%2Fy', /%2F/],
    ['spool:///x%00', /%00/],
    ['spool:///x%ff', /does not begin a character/],
    ['spool:', /^a directory, as in spool:\/DIR, is missing: neither OMD_ROOT nor HOME is set$/],
  ] as const;
  for (const [uri, message] of wrong) await expectFault(fetchSpooled(uri), 'USAGE', message);
});
