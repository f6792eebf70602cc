import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseHostName } from '../../../src/names/host-name.ts';
import { file } from '../../../src/transports/file/file.ts';
import { withTransport } from '../../../src/transports/transport.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { fetchFile, fetchText, makeDrops, output, toSource } from './drops.ts';

test('a URI without authority, with an empty one and with localhost names the same file', async (t) => {
  const drops = await makeDrops(t);
  await writeFile(join(drops, 'web01.txt'), output);
  for (const start of ['file:', 'file://', 'file://localhost', 'FILE://LocalHost', '']) {
    assert.equal(await fetchText(`${start}${drops}/{host}.txt`), output.toString(), start);
  }
});

test('percent-encoded characters are decoded', async (t) => {
  const drops = await makeDrops(t);
  await writeFile(join(drops, 'a ?#%{ü.txt'), output);
  const source = `file://${drops}/a%20%3F%23%25%7b%C3%BC.txt`;
  assert.equal(await fetchText(source), output.toString());
});

test('a star that is none is written as %2A', async (t) => {
  const drops = await makeDrops(t);
  await writeFile(join(drops, 'a*web01'), output);
  assert.equal(await fetchText(`file://${drops}/a%2A{host}`), output.toString());
});

test('a bare path is taken literally', async (t) => {
  const drops = await makeDrops(t);
  await writeFile(join(drops, 'a?#%41 ü web01'), output);
  assert.equal(await fetchText(`${drops}/a?#%41 ü {host}`), output.toString());
});

test('a name written as %7Bhost%7D is not a placeholder', async (t) => {
  const drops = await makeDrops(t);
  await writeFile(join(drops, '{host}'), output);
  assert.equal(await fetchText(`file://${drops}/%7Bhost%7D`), output.toString());
});

test('a placeholder may be a folder, and may stand in it more than once', async (t) => {
  const drops = await makeDrops(t);
  await mkdir(join(drops, 'web01/agent'), { recursive: true });
  await writeFile(join(drops, 'web01/agent/web01.txt'), output);
  assert.equal(await fetchText(`${drops}/{host}/agent/{host}.txt`), output.toString());
});

test('an address goes into the path as it is', async (t) => {
  const drops = await makeDrops(t);
  await writeFile(join(drops, 'fe80::1%eth0'), output);
  const fetched = await withTransport(
    file,
    toSource(`file://${drops}/{address}`),
    makeOpenContext(),
    (transport) =>
      transport.fetch(
        { host: parseHostName('web01'), address: 'fe80::1%eth0' },
        makeOpenContext().signal,
      ),
  );
  assert.equal(fetched.output.toString(), output.toString());
});

test('a source that needs an address is USAGE for a host without one', async () => {
  await expectFault(fetchFile('file:///drops/{address}'), 'USAGE', /no address/);
});

const wrongSources: Readonly<Record<string, RegExp>> = {
  'file://other/drops/{host}': /cannot be on another machine, here "other"/,
  'file://{host}/drops': /cannot be on another machine/,
  'file:///drops/{host}?raw': /no query and no fragment/,
  'file:///drops/{host}#top': /no query and no fragment/,
  'file:drops/{host}': /needs an absolute path/,
  'file:': /needs an absolute path/,
  'file://localhost': /needs an absolute path/,
  'file:///drops/%00/{host}': /%00: no name and no argument can hold a NUL/,
  'file:///drops/..%2f{host}': /%2F: no file name can hold a slash/,
  'file:///drops/%zz': /a % that does not begin a character/,
  'file:///drops/{host}*/': /may have \* in the last part of its path only; write %2A for a star/,
  'file:///dro*s/{host}': /may have \* in the last part of its path only/,
  '/dro*s/{host}.txt': /may have \* in the last part of its path only/,
  'file:///drops/*{host}*.*': /has more than 2 stars in the name of its files$/,
  'file:///drops/%FC': /a % that does not begin a character in UTF-8/,
};

for (const [source, message] of Object.entries(wrongSources)) {
  test(`${source} is USAGE when it is opened`, async () => {
    await expectFault(file.open(toSource(source), makeOpenContext()), 'USAGE', message);
  });
}
