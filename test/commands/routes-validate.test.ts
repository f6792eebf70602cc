import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { main } from '../../src/main.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

/** What `routes validate` says of a file, a line each, with DIR in the place of its directory. */
async function validate(
  t: TestContext,
  yaml: string,
  files: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  const directory = await makeTempDir(t);
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(directory, name), text, { mode: 0o600 });
  }
  const path = join(directory, 'routes.yaml');
  writeFileSync(path, yaml.replaceAll('DIR', directory));
  const { said, ...context } = makeCommandContext();
  const args = ['routes', 'validate', `--routes=${path}`];
  const code = await main(args, { ...context, clock: systemClock });
  const lines = said.output.trimEnd().replaceAll(`${path}:`, '').replaceAll(directory, 'DIR');
  if (code === 0) {
    assert.equal(said.errors, '');
    return [];
  }
  assert.equal(code, 3, said.errors);
  assert.match(said.errors, /^cmk-courier: routes: [^\n]+ \(CONFIG\)\n$/);
  return lines.split('\n');
}

test('a placeholder that is mistyped is found in every scheme', async (t) => {
  const said = 'unknown placeholder "{hots}" in a source; there are {host} and {address}';
  assert.deepEqual(
    await validate(
      t,
      `routes:
  - hosts: web01
    sources:
      - /x/{hots}
      - https://x/{hots}
      - exec:/bin/cat?arg={hots}
      - { uri: 'imaps://me@x/', mailSubject: 'of {hots}', passwordFile: DIR/pw }
`,
      { pw: 'geheim' },
    ),
    [`4: ${said}`, `5: ${said}`, `6: ${said}`],
  );
  assert.deepEqual(
    await validate(t, "routes: [{ hosts: a, sources: { uri: 'maildir:/m', mailTo: '{hots}' } }]\n"),
    ['1: --mail-to has the unknown placeholder "{hots}"; there are {host} and {address}'],
  );
});

test('a list of hosts that is missing or malformed is told where it is named', async (t) => {
  const yaml = `collector:
  perPeer: 3
  hostList: hosts.txt
routes: [{ hosts: '*', sources: '/x/{host}' }]
`;
  assert.deepEqual(await validate(t, yaml), [
    '3: reading the host list DIR/hosts.txt: no such file or directory',
  ]);
  const [said] = await validate(t, yaml, { 'hosts.txt': 'web01 - prod\n-x\n' });
  assert.equal(said, '3: DIR/hosts.txt:2: "-x": a line is NAME ADDRESS TAG…');
  assert.deepEqual(await validate(t, yaml, { 'hosts.txt': 'web01 - prod\n' }), []);
});

test('files that options name must be there and hold something', async (t) => {
  const yaml = `defaults:
  passphraseFile: DIR/none
routes:
  - hosts: web01
    passphraseFile: DIR/empty
    sources:
      - uri: https://x/{host}
        user: me
        passwordFile: DIR/good
        ca: DIR/good
        cert: DIR
      - { uri: 'ssh://x/{host}', sshKey: DIR/none }
  - hosts: web02
    sources: { uri: 'rsync://x/{host}', passwordId: 'id:DIR/none' }
`;
  assert.deepEqual(await validate(t, yaml, { good: 'geheim\n', empty: '' }), [
    '2: reading passphraseFile DIR/none: no such file or directory',
    '5: reading passphraseFile DIR/empty: the file is empty',
    '10: reading ca DIR/good: the file holds no certificate in PEM',
    '11: reading cert DIR: not a regular file',
    '12: reading sshKey DIR/none: no such file or directory',
    '14: reading passwordId id:DIR/none: no such file or directory',
  ]);
});

test('a route that no host can come to is told, with the one that stands before it', async (t) => {
  const yaml = `routes:
  - { hosts: 'db*', tags: [prod], sources: '/x/{host}' }
  - { hosts: [db1, db2], sources: '/x/{host}' }
  - { hosts: db1, tags: [prod, linux], sources: '/x/{host}' }
  - { hosts: db2, sources: '/x/{host}' }
  - { name: all, hosts: '*', sources: '/x/{host}' }
  - { hosts: [web01, 'web*', '/mail-[0-9]+/'], tags: ['!offline'], sources: '/x/{host}' }
`;
  const comes = 'no host ever comes to this route';
  assert.deepEqual(await validate(t, yaml), [
    `4: ${comes}: db* in line 2 stands before it and takes all of them`,
    `5: ${comes}: db1 in line 3 stands before it and takes all of them`,
    `7: ${comes}: all in line 6 stands before it and takes all of them`,
  ]);
});

test('routes that some host can come to are none of these', async (t) => {
  const yaml = `routes:
  - { hosts: 'web*', tags: ['!offline'], sources: '/x/{host}' }
  - { hosts: 'web*', sources: '/x/{host}' }
  - { hosts: ['w*', db1], sources: '/x/{host}' }
  - { hosts: '/db[0-9]/', sources: '/x/{host}' }
  - { hosts: '*', tags: [a], sources: '/x/{host}' }
  - { hosts: '*', sources: '/x/{host}' }
`;
  assert.deepEqual(await validate(t, yaml), []);
});

test('a source that cannot tell hosts apart is told in a route for several', async (t) => {
  const yaml = `routes:
  - { hosts: web01, sources: /drops/web01 }
  - { hosts: [db1, db2], sources: ['/drops/{host}', /drops/db] }
  - hosts: 'mail*'
    sources:
      - https://x/mail
      - 'spool:'
      - tcp://{address}
      - { uri: 'maildir:/var/mail/', mailSubject: 'of {host}' }
`;
  const why =
    'the source gives every host of the route the same output: {host} or {address} is missing in it';
  assert.deepEqual(await validate(t, yaml), [`3: ${why}`, `6: ${why}`]);
});

const unquoted: readonly (readonly [yaml: string, said: string])[] = [
  ['routes:\n  - hosts: *\n    sources: /x\n', "2: * needs quotes: '*'"],
  ['routes:\n  - hosts: [a, *]\n    sources: /x\n', "2: * needs quotes: '*'"],
  ['routes:\n  - hosts: *web\n    sources: /x\n', "2: *web needs quotes: '*web'"],
  ['routes:\n  - hosts: 10\n    sources: /x\n', "2: hosts: 10 needs quotes: '10'"],
  ['routes:\n  - hosts:\n      - 007\n    sources: /x\n', "3: hosts: 007 needs quotes: '007'"],
  ['routes:\n  - hosts: [true]\n    sources: /x\n', "2: hosts: true needs quotes: 'true'"],
  ['routes:\n  - hosts:\n    sources: /x\n', '2: hosts is empty'],
  ['routes: [{hosts: a, tags: !off, sources: /x}]\n', "1: !off needs quotes: '!off'"],
  ['routes: [{hosts: a, sections: !df, sources: /x}]\n', "1: !df needs quotes: '!df'"],
  ['routes:\n  - hosts: @a\n    sources: /x\n', "2: @a needs quotes: '@a'"],
  ['routes:\n  - hosts: a\n    sources: {host}\n', "3: {host} needs quotes: '{host}'"],
  ['routes:\n  - hosts: a\n    sources:\n      - spool:\n', "4: spool: needs quotes: 'spool:'"],
  [
    'routes:\n  - hosts: a: b\n    sources: /x\n',
    '2: "a:" and what stands beside it must be one text in quotes',
  ],
];

test('text that YAML takes for something else is told with its mend', async (t) => {
  for (const [yaml, said] of unquoted) assert.deepEqual(await validate(t, yaml), [said], yaml);
});

test('an option of another kind of source is told as that', async (t) => {
  const yaml = 'routes: [{hosts: a, sources: {uri: /x, mailFrom: y}}]\n';
  assert.deepEqual(await validate(t, yaml), [
    '1: unknown key "mailFrom" of file; it is one of imaps:, imap:, maildir:',
  ]);
});

test('an option of a source that stands in the route is told where it belongs', async (t) => {
  const [said] = await validate(t, "routes: [{hosts: a, sources: 'mqtt://b/{host}', user: y}]\n");
  assert.match(
    said ?? '',
    /^1: unknown key "user"; an option of a source stands beside its uri, \{uri: …, user: …\}; there are name, /,
  );
});

test('what is too deep or too much is said to be that', async (t) => {
  const deep = [
    '['.repeat(5000),
    `routes: ${'{a: '.repeat(3000)}${'}'.repeat(3000)}`,
    '- '.repeat(50_000),
    Array.from({ length: 1200 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
  ];
  for (const yaml of deep) {
    const [said] = await validate(t, yaml);
    assert.match(said ?? '', /^\d+: is nested too deeply$/);
  }
  // Refused as a whole: standard output stays empty.
  assert.deepEqual(await validate(t, `routes: [${'1,'.repeat(400_000)}]`), ['']);
  const many = await validate(t, `routes: [{sources: /x, hosts: [${'1,'.repeat(1000)}]}]`);
  assert.deepEqual([many.length, many.at(-1)], [201, '… 800 more']);
});
