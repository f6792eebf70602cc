import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseHostName } from '../../src/names/host-name.ts';
import { defaultRoutesPath, loadRoutes, readRoutes } from '../../src/routes/load.ts';
import { findRoute } from '../../src/routes/match.ts';
import { sample } from '../../src/routes/sample.ts';
import { catchFault } from '../helpers/expect-fault.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

/** A routes file with this content. */
async function write(text: string | Buffer): Promise<string> {
  const path = join(await makeTempDir(), 'routes.yaml');
  writeFileSync(path, text);
  return path;
}

async function load(text: string) {
  return loadRoutes(await write(text));
}

/** `LINE: message` of each mistake. */
async function problemsOf(text: string): Promise<readonly string[]> {
  const read = await readRoutes(await write(text));
  return 'problems' in read ? read.problems.map(({ line, message }) => `${line}: ${message}`) : [];
}

test('the sample is valid', async () => {
  assert.deepEqual(await problemsOf(sample), []);
  assert.equal((await load(sample)).routes.length, 3);
});

test('a route has the defaults of the file, and those of the program for the rest', async () => {
  const { routes } = await load(`
defaults: { maxAge: 10m, report: true, every: 1m, piggyback: drop }
routes:
  - hosts: web01
    sources: https://depot/{host}
    maxAge: 2m
    sections: ['df', '!lnx_*']
`);
  assert.deepEqual(routes[0]?.settings, {
    maxAgeMs: 120_000,
    maxSkewMs: 60_000,
    maxOutputBytes: 67_108_864,
    deadlineMs: 50_000,
    timeoutMs: undefined,
    lenient: false,
    strict: false,
    seal: 'enrolled',
    pick: 'first',
    graceMs: 0,
    piggyback: { kind: 'drop' },
    sections: { allow: ['df'], deny: ['lnx_*'] },
    report: 'local',
    everyMs: 60_000,
    pool: undefined,
    secrets: {},
  });
});

test('sources have their options as texts, their own time, and their line', async () => {
  const { routes } = await load(`routes:
  - hosts: [a]
    sources:
      - /drops/{host}
      - uri: ssh://mon@{address}
        ssh-key: /key
        port: 2222
        insecure: true
        header: [A, 1]
        timeout: 5s
`);
  assert.deepEqual(routes[0]?.sources, [
    { uri: '/drops/{host}', line: 4, options: {}, timeoutMs: undefined },
    {
      uri: 'ssh://mon@{address}',
      line: 5,
      options: { sshKey: ['/key'], port: ['2222'], insecure: ['true'], header: ['A', '1'] },
      timeoutMs: 5000,
    },
  ]);
});

test('keys may be written as flags are', async () => {
  const { routes, collector } = await load(`
defaults: { max-age: 7m }
collector: { per-peer: 3, host-list: hosts.txt }
routes: [{ hosts: a, sources: 'https://x/', max-size: 1MB, passphrase-file: /p }]
`);
  assert.equal(routes[0]?.settings.maxAgeMs, 420_000);
  assert.equal(routes[0]?.settings.maxOutputBytes, 1_000_000);
  assert.deepEqual(routes[0]?.settings.secrets, { passphraseFile: ['/p'] });
  assert.equal(collector.perPeer, 3);
  assert.match(collector.hostList ?? '', /^\/.*\/hosts\.txt$/);
});

test('a passphrase of a route stands in the place of one of the defaults', async () => {
  const { routes } = await load(`
defaults: { passphraseId: 'id:/store' }
routes:
  - { hosts: a, sources: 'https://x/', passphraseFile: /p }
  - { hosts: b, sources: 'https://x/' }
`);
  assert.deepEqual(
    routes.map(({ settings }) => settings.secrets),
    [{ passphraseFile: ['/p'] }, { passphraseId: ['id:/store'] }],
  );
});

const mistakes: readonly (readonly [what: string, text: string, problems: readonly string[]])[] = [
  ['an empty file', '', ['1: routes is missing']],
  ['no routes', 'routes: []\n', ['1: routes must not be empty']],
  ['another kind of file', '- a\n- b\n', ['1: the file must be keys and values']],
  [
    'keys that are mistyped',
    'rutes: []\ndefaults: {maxage: 5m}\nroutes: [{hosts: a, source: /x, sources: /x}]\n',
    [
      '1: unknown key "rutes"; is routes meant?',
      '2: unknown key "maxage"; is maxAge meant?',
      '3: unknown key "source"; is sources meant?',
    ],
  ],
  [
    'a key that resembles none',
    'routes: [{hosts: a, sources: /x}]\ncollector: {zzzzzzzzz: 1}\n',
    ['2: unknown key "zzzzzzzzz"; there are concurrency, perPeer, hostList'],
  ],
  [
    'values of the wrong kind',
    'defaults:\n  maxAge: 300\n  report: yes\n  pick: best\n  every: 10ms\nroutes: [{hosts: a, sources: /x}]\n',
    [
      '2: maxAge must be a duration such as 5m, or unlimited',
      '3: report must be none, local, section or both',
      '4: pick must be first or freshest',
      '5: every must be at least 1s',
    ],
  ],
  [
    'what a route must have',
    'routes:\n  - name: x\n',
    ['2: hosts is missing', '2: sources is missing'],
  ],
  [
    'sources that are none',
    'routes:\n  - hosts: a\n    sources:\n      - nope\n      - uri: https://x/{hots}\n      - 5\n',
    [
      '4: not a source: "nope"; it must be a URI or an absolute path',
      '5: unknown placeholder "{hots}" in a source; there are {host} and {address}',
      '6: sources 3 must be a URI, or a URI with options',
    ],
  ],
  [
    'host patterns that are none',
    "routes:\n  - hosts: [-a, 'a b*', '/x', '/(/', '/(a+)+/', '/(?=a)/', '/(a)\\1/', '/.*.*.*.*/']\n    sources: /x\n",
    [
      '2: hosts must be a host name Checkmk accepts, not "-a"',
      '2: hosts must be a glob of host names, not "a b*"',
      '2: hosts must end with a slash as it begins: "/x"',
      '2: hosts is no regular expression: "("',
      '2: hosts must do without repeated groups: "(a+)+"',
      '2: hosts must do without look-around and named groups: "(?=a)"',
      '2: hosts must do without back-references: "(a)\\1"',
      '2: hosts must do without more than 3 repetitions: ".*.*.*.*"',
    ],
  ],
  [
    'limits out of range',
    'collector: {concurrency: 0, perPeer: 1.5}\nroutes: [{hosts: a, sources: /x}]\n',
    ['1: concurrency must be at least 1', '1: perPeer must be a whole number from 1 to 1024'],
  ],
  ['a key given twice', 'routes: []\nroutes: []\n', ['2: Map keys must be unique']],
  [
    'a placeholder without quotes',
    'routes: [{hosts: a, sources: [https://x/{host}]}]\n',
    [
      '1: Missing , or : between flow sequence items; inside brackets, text with { } [ or ] needs quotes',
    ],
  ],
];

for (const [what, text, problems] of mistakes) {
  test(`each mistake is told with its line: ${what}`, async () => {
    const found = await problemsOf(text);
    assert.deepEqual(found.slice(0, problems.length), problems);
  });
}

test('the fault names file, line, and how many more mistakes there are', async () => {
  const path = await write('defaults: {maxAge: ten}\nroutes: []\n');
  const fault = await catchFault(loadRoutes(path));
  assert.equal(fault.code, 'CONFIG');
  assert.equal(
    fault.message,
    `${path}:1: maxAge must be a duration such as 10s, not "ten"; and 1 more`,
  );
});

test('a password in a source is refused and not told', async () => {
  const [problem] = await problemsOf('routes: [{hosts: a, sources: "https://me:geheim@x/"}]\n');
  assert.equal(problem, '1: a source must not hold a password; use --password-file');
});

test('what is no such file at all is told as what it is', async () => {
  const directory = await makeTempDir();
  const missing = join(directory, 'routes.yaml');
  const tooLong = await write(`#${'x'.repeat(1024 * 1024)}`);
  const foreign = await write(Buffer.from([0xff, 0xfe, 0x00]));
  const bomb = `a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\nroutes: [*c,*c,*c,*c,*c,*c]\n`;
  const lines = await Promise.all(
    [missing, directory, tooLong, foreign, await write(bomb)].map(async (path) => {
      const { code, message } = await catchFault(loadRoutes(path));
      return `${code} ${message.replace(path, 'PATH').replace(directory, 'DIRECTORY')}`;
    }),
  );
  assert.deepEqual(lines, [
    'CONFIG PATH: there is no such file; `cmk-courier routes init` makes one in DIRECTORY',
    'CONFIG PATH: is not a file',
    'CONFIG PATH: larger than 1 MiB',
    'CONFIG PATH: is not UTF-8',
    'CONFIG PATH:1: too many aliases',
  ]);
});

test("the file is the site's, else the user's if there is one, else the system's", async () => {
  const home = await makeTempDir();
  assert.equal(
    defaultRoutesPath({ OMD_ROOT: '/omd/sites/x', HOME: home }),
    '/omd/sites/x/etc/cmk-courier/routes.yaml',
  );
  assert.equal(defaultRoutesPath({ HOME: home }), '/etc/cmk-courier/routes.yaml');
  assert.equal(defaultRoutesPath({}), '/etc/cmk-courier/routes.yaml');
});

test('the first route that fits counts, by name, glob, expression and tags', async () => {
  const routes = await load(`
routes:
  - { name: tagged, hosts: 'web*', tags: [prod, '!offline'], sources: /x }
  - { name: one, hosts: [web01, db], sources: /x }
  - { name: glob, hosts: 'web?', sources: /x }
  - { name: expression, hosts: '/(db|mail)-[0-9]+/', sources: /x }
`);
  const nameOf = (host: string, ...tags: readonly string[]) =>
    findRoute(routes, parseHostName(host), tags)?.name;
  assert.equal(nameOf('web01', 'prod', 'linux'), 'tagged');
  assert.equal(nameOf('web01', 'prod', 'offline'), 'one');
  assert.equal(nameOf('web01'), 'one');
  assert.equal(nameOf('web7'), 'glob');
  assert.equal(nameOf('mail-12'), 'expression');
  assert.equal(nameOf('xmail-12'), undefined);
  assert.equal(nameOf('mail-12x'), undefined);
  assert.equal(nameOf('db'), 'one');
  assert.equal(nameOf('WEB01'), undefined);
});

test('sizes without a unit are bytes, durations may be combined, ~ is the home directory', async () => {
  const { routes, collector } = await load(`
collector: { hostList: ~/etc/hosts }
routes:
  - { hosts: a, sources: { uri: /x, timeout: 1m30s }, maxSize: 1000, grace: 1h30m, passphraseFile: ~/p }
  - { hosts: b, sources: /x, maxSize: '2000' }
`);
  const [first, second] = routes;
  assert.deepEqual(
    [first?.settings.maxOutputBytes, second?.settings.maxOutputBytes, first?.settings.graceMs],
    [1000, 2000, 5_400_000],
  );
  assert.equal(first?.sources[0]?.timeoutMs, 90_000);
  assert.deepEqual(first?.settings.secrets, { passphraseFile: [join(homedir(), 'p')] });
  assert.equal(collector.hostList, join(homedir(), 'etc/hosts'));
});
