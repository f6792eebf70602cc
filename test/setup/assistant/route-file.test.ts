import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseHostName } from '../../../src/names/host-name.ts';
import { readRoutes } from '../../../src/routes/load.ts';
import { findRoute } from '../../../src/routes/match.ts';
import { planRoute, writeRoutes } from '../../../src/setup/assistant/route-file.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';

const host = parseHostName('web01');
const route = { name: 'web01', hosts: 'web01', sources: ['spool:'] };

async function plan(path: string) {
  const change = await planRoute(path, host, route);
  return change.kind === 'write' ? change : assert.fail(change.kind);
}

test('what somebody writes while the assistant asks is not lost', async (t) => {
  const path = join(await makeTempDir(t), 'routes.yaml');
  const fresh = await plan(path);
  const mine = 'routes:\n  - hosts: db1\n    sources: /x\n';
  writeFileSync(path, mine);
  const meanwhile = /somebody has changed it meanwhile; do it again$/;
  await expectFault(writeRoutes(path, fresh), 'CONFIG', meanwhile);
  const added = await plan(path);
  writeFileSync(path, `${mine}# more\n`);
  await expectFault(writeRoutes(path, added), 'CONFIG', meanwhile);
  assert.equal(readFileSync(path, 'utf8'), `${mine}# more\n`);
});

test('of two assistants at once none takes away what the other has written', async (t) => {
  const path = join(await makeTempDir(t), 'new', 'routes.yaml');
  const change = await plan(path);
  const other = { ...change, text: change.text.replaceAll('web01', 'web02') };
  const ended = await Promise.allSettled([writeRoutes(path, change), writeRoutes(path, other)]);
  assert.deepEqual(ended.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  const written = ended[0]?.status === 'fulfilled' ? change.text : other.text;
  assert.equal(readFileSync(path, 'utf8'), written);
  assert.deepEqual(await readdir(join(path, '..')), ['routes.yaml']);
});

test('where nothing can be written, nothing is left behind, and it says so', async (t) => {
  const directory = await makeTempDir(t);
  const path = join(directory, 'routes.yaml');
  mkdirSync(join(directory, 'drops'));
  const change = await plan(join(directory, 'drops', 'routes.yaml', '..', '..', 'routes.yaml'));
  mkdirSync(path);
  await expectFault(writeRoutes(path, change), 'CONFIG', /routes\.yaml: is not a file$/);
  assert.deepEqual((await readdir(directory)).sort(), ['drops', 'routes.yaml']);
  await expectFault(writeRoutes('/dev/null/x/routes.yaml', change), 'LOCAL', /not a directory/);
});

test('a FIFO in the place of the file holds nobody up', async (t) => {
  const path = join(await makeTempDir(t), 'routes.yaml');
  execFileSync('mkfifo', [path]);
  await expectFault(planRoute(path, host, route), 'CONFIG', /routes\.yaml: is not a file$/);
});

test('a link stays one, and what it leads to is replaced', async (t) => {
  const directory = await makeTempDir(t);
  const [path, real] = [join(directory, 'routes.yaml'), join(directory, 'real.yaml')];
  writeFileSync(real, 'routes:\n  - hosts: db1\n    sources: /x\n');
  symlinkSync('real.yaml', path);
  await writeRoutes(path, await plan(path));
  assert.ok((await lstat(path)).isSymbolicLink());
  assert.match(readFileSync(real, 'utf8'), /hosts: web01/);
  assert.deepEqual((await readdir(directory)).sort(), ['real.yaml', 'routes.yaml']);
});

test('a route for the name that the host does not come to is none', async (t) => {
  const path = join(await makeTempDir(t), 'routes.yaml');
  const [wide, named] = [
    'hosts: "web*"\n    sources: /x\n',
    'hosts: web01\n    tags: [prod]\n    sources: /y\n',
  ];
  writeFileSync(path, `routes:\n  - ${named}  - ${wide}`);
  await writeRoutes(path, await plan(path));
  const again = await planRoute(path, host, route);
  assert.equal(again.kind, 'there');
  assert.match(readFileSync(path, 'utf8'), /tags: \[prod\]\n {4}sources: \/y\n {2}- name: web01\n/);
});

/** Files as people write them: remarks, blank lines, indents, and lists that begin at the margin. */
const anyFile = fc
  .tuple(
    fc.constantFrom('', '  ', '    '),
    fc.array(
      fc.record({
        hosts: fc.constantFrom("'web*'", 'db1', '[a1, "web0?"]', "'*'", "'/web.*/'"),
        remark: fc.constantFrom('', '# about it', '# one\n\n# two'),
        after: fc.constantFrom('', '\n', '# behind\n', '  # deep\n'),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    fc.constantFrom('', '# end', 'defaults: { maxAge: 5m }\n'),
  )
  .map(([indent, routes, end]) => {
    const items = routes.map(({ hosts, remark, after }) => {
      const lines = remark.split('\n').map((line) => (line === '' ? '' : `${indent}${line}\n`));
      return `${lines.join('')}${indent}- hosts: ${hosts}\n${indent}  sources: /x/{host}   # here\n${after}`;
    });
    return `# mine\n\nroutes:\n${items.join('')}${end}`;
  });

test('whatever is in the file, only lines are added, and the host comes to them', async (t) => {
  const directory = await makeTempDir(t);
  const path = join(directory, 'routes.yaml');
  const property = fc.asyncProperty(anyFile, async (before) => {
    writeFileSync(path, before);
    await writeRoutes(path, await plan(path));
    const lines = readFileSync(path, 'utf8').split('\n');
    const at = lines.findIndex((line) => line.includes('name: web01'));
    const rest = lines.toSpliced(at, 5).join('\n');
    assert.equal(rest, before);
    const read = await readRoutes(path);
    const found = 'routes' in read ? findRoute(read.routes, host, []) : undefined;
    assert.equal(found?.name, 'web01');
  });
  await fc.assert(property, { numRuns: process.env['COURIER_TEST_LONG'] ? 2000 : 100 });
});
