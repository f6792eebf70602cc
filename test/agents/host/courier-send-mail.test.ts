import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { keyVerifier } from '../../../src/sealing/keys.ts';
import { verifyDrop } from '../../../src/sealing/opening.ts';
import { maildir } from '../../../src/transports/maildir/maildir.ts';
import { parseSourceUri } from '../../../src/transports/source.ts';
import { withTransport } from '../../../src/transports/transport.ts';
import { neverAborts, toTarget } from '../../conformance/fetching.ts';
import { knownDate } from '../../helpers/known-date.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { findProgram, writeScript } from './courier-agent-shells.ts';
import { keysOf, publicKeyOf } from './courier-seal-shells.ts';
import {
  environmentOf,
  listLeftovers,
  type Outbox,
  readMail,
  runInLibrary,
  send,
  sendMailFile,
  testInShells,
  usualArguments,
} from './courier-send-mail-shells.ts';

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
const output = Buffer.concat([
  Buffer.from('<<<check_mk>>>\nVersion: 2.4.0\n'),
  everyByte,
  Buffer.from('\r\n.\nFrom x\n<<<local>>>\nno line end'),
]);

function writeAgent({ root, agent }: Outbox, bytes: Buffer = output): void {
  writeFileSync(join(root, 'agent-output'), bytes);
  writeScript(agent, `cat '${root}/agent-output'`);
}

/** What the site gets. */
async function fetchBack(box: string, host = 'web1') {
  const source = {
    uri: parseSourceUri(`maildir://${box}`),
    options: {
      mailFrom: [`root@{host}.example.com`],
      mailSubject: ['Checkmk agent output of {host}'],
    },
  };
  return withTransport(maildir, source, makeOpenContext(), (transport) =>
    transport.fetch(toTarget(host), neverAborts()),
  );
}

test('the script is executable and shellcheck finds nothing', (t) => {
  assert.equal(statSync(sendMailFile).mode & 0o777, 0o755);
  if (findProgram('shellcheck') === undefined) return t.skip('shellcheck is not installed');
  const checked = spawnSync('shellcheck', ['-s', 'sh', sendMailFile], { encoding: 'utf8' });
  assert.deepEqual([checked.stdout, checked.status], ['', 0]);
});

testInShells('the site gets the bytes the agent printed', async (outbox) => {
  writeAgent(outbox);
  const { stdout, stderr, status } = send(outbox);
  assert.deepEqual({ stdout, stderr, status }, { stdout: '', stderr: '', status: 0 });
  const delivery = await fetchBack(outbox.maildir);
  assert.deepEqual(gunzipSync(delivery.output), output);
  const ageMs = Date.now() - knownDate(delivery.producedAt).getTime();
  assert.ok(ageMs >= 0 && ageMs < 60_000);
  assert.deepEqual(listLeftovers(outbox), []);
});

testInShells('without gzip the bytes travel as they are', async (outbox) => {
  writeAgent(outbox);
  assert.equal(send(outbox, ['--compress=no']).status, 0);
  assert.deepEqual((await fetchBack(outbox.maildir)).output, output);
});

testInShells('a megabyte arrives', async (outbox) => {
  const large = Buffer.concat([output, Buffer.alloc(1_000_000, everyByte)]);
  writeAgent(outbox, large);
  assert.equal(send(outbox, ['--compress=no']).status, 0);
  assert.ok((await fetchBack(outbox.maildir)).output.equals(large));
});

testInShells('the mail program is asked as sendmail is, and told no secret', (outbox) => {
  writeAgent(outbox);
  assert.equal(send(outbox, [`--mailer=${outbox.mailer} -a  account`]).status, 0);
  const args = readFileSync(join(outbox.root, 'arguments'), 'utf8');
  assert.equal(args, '-a\naccount\n-t\n-oi\n-f\nroot@web1.example.com\n');
});

testInShells('the headers say whose output it is, and from when', (outbox) => {
  writeAgent(outbox);
  assert.equal(send(outbox, ['--subject={host}: output of {host}']).status, 0);
  const [head = ''] = readMail(outbox).split('\n\n', 1);
  const lines = head
    .replace(/^Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000$/m, 'Date: now')
    .replace(/<\d+\.\d+\.courier@web1>/, '<id>')
    .replace(/_courier_\d+_\d+/, '_boundary')
    .split('\n');
  assert.deepEqual(lines, [
    'From: root@web1.example.com',
    'To: checkmk@example.com',
    'Subject: web1: output of web1',
    'Date: now',
    'Message-ID: <id>',
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="=_boundary"',
  ]);
});

testInShells('a configuration file is read and never run', async (outbox) => {
  writeAgent(outbox);
  const config = join(outbox.root, 'config');
  const lines = [
    '# the site',
    '',
    `SUBJECT=$(touch ${outbox.root}/ran) {host}\r`,
    `MAILER=${outbox.mailer} $(touch ${outbox.root}/ran) *`,
    'TO=someone@example.com',
  ];
  writeFileSync(config, lines.join('\n'));
  const own = usualArguments(outbox).filter((argument) => !/^--(to|mailer)=/.test(argument));
  const { status, stderr } = spawnSync(
    outbox.shell.file,
    [sendMailFile, ...own, `--config=${config}`],
    { encoding: 'utf8', env: environmentOf(outbox) },
  );
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
  assert.ok(!existsSync(join(outbox.root, 'ran')));
  assert.match(readMail(outbox), /^Subject: \$\(touch \S+\) web1$/m);
  assert.match(readMail(outbox), /^To: someone@example.com$/m);
  assert.match(readFileSync(join(outbox.root, 'arguments'), 'utf8'), /^\$\(touch\n.*\n\*\n-t\n/s);
});

testInShells('what is wrong is said in one line, with a code of its own', (outbox) => {
  writeAgent(outbox);
  const config = join(outbox.root, 'config');
  writeFileSync(config, '# fine\nTO=a@b\nCOLOUR=red\n');
  const cases: readonly (readonly [readonly string[], number, string])[] = [
    [['x'], 2, 'unknown argument "x", see --help'],
    [['--colour=red'], 2, 'unknown option "--colour", see --help'],
    [['--to='], 2, 'nobody to send to: --to or TO in the configuration file is missing'],
    [['--host=a b'], 2, 'not a host name Checkmk would accept: "a b"'],
    [['--host=../x'], 2, 'not a host name Checkmk would accept: "../x"'],
    [['--host=-x'], 2, 'not a host name Checkmk would accept: "-x"'],
    [['--subject=a\nBcc: b@c'], 2, '--subject must be printable ASCII in one line'],
    [['--to=a@b\r\nBcc: c@d'], 2, '--to must be printable ASCII in one line'],
    [['--from=-x'], 2, '--from must be one bare address'],
    [['--timeout=soon'], 2, '--timeout must be seconds such as 60'],
    [['--compress=maybe'], 2, '--compress must be yes or no'],
    [
      ['--mailer=sendmail -auuser -appassword'],
      2,
      '--mailer must hold no password; use a program with a configuration file',
    ],
    [[`--config=${config}`], 3, `${config}, line 3: not a setting such as TO=checkmk@example.com`],
    [['--config=/nowhere'], 3, 'cannot read the configuration file /nowhere'],
    [['--mailer=/nowhere/sendmail'], 4, 'there is no program /nowhere/sendmail'],
    [['--agent=/nowhere/agent'], 4, 'there is no program /nowhere/agent'],
    [['--lock=/nowhere/lock'], 4, 'cannot make the lock /nowhere/lock'],
  ];
  for (const [args, code, why] of cases) {
    const { status, stderr, stdout } = send(outbox, args);
    const expected = { status: code, stderr: `courier-send-mail: ${why}\n`, stdout: '' };
    assert.deepEqual({ status, stderr, stdout }, expected, args.join());
    assert.deepEqual(listLeftovers(outbox), []);
  }
});

testInShells('what is no agent output is not sent', (outbox) => {
  writeScript(outbox.agent, 'echo "command not found"');
  const { status, stderr } = send(outbox);
  const why = `the agent printed no section: ${outbox.agent}`;
  assert.deepEqual({ status, stderr }, { status: 9, stderr: `courier-send-mail: ${why}\n` });
  assert.ok(!existsSync(join(outbox.root, 'arguments')));
  assert.deepEqual(listLeftovers(outbox), []);
});

testInShells('an agent that fails after its sections is still heard', async (outbox) => {
  writeFileSync(join(outbox.root, 'agent-output'), output);
  writeScript(outbox.agent, `cat '${outbox.root}/agent-output'`, 'exit 124');
  assert.equal(send(outbox, ['--compress=no']).status, 0);
  assert.deepEqual((await fetchBack(outbox.maildir)).output, output);
});

testInShells('a mail program that fails is quoted', (outbox) => {
  writeAgent(outbox);
  writeScript(outbox.mailer, 'cat >/dev/null', 'echo "relay denied" >&2', 'exit 67');
  const { status, stderr } = send(outbox);
  const why = `${outbox.mailer} failed with 67: relay denied`;
  assert.deepEqual({ status, stderr }, { status: 8, stderr: `courier-send-mail: ${why}\n` });
  assert.deepEqual(listLeftovers(outbox), []);
});

testInShells('base64 is made by whatever there is', (outbox) => {
  const bytes = Buffer.concat([everyByte, everyByte, everyByte]);
  const file = join(outbox.root, 'bytes');
  for (const length of [0, 1, 2, 3, 56, 57, 58, 700]) {
    writeFileSync(file, bytes.subarray(0, length));
    for (const missing of ['', 'base64', 'base64 openssl', 'base64 openssl uuencode']) {
      const has = `has() { case " ${missing} " in *" $1 "*) return 1 ;; esac; command -v "$1" >/dev/null 2>&1; }`;
      const { stdout } = runInLibrary(outbox, `${has}\nencode_base64 '${file}'`);
      const lines = stdout.toString().split('\n');
      assert.ok(lines.every((line) => line.length <= 76));
      assert.equal(lines.join(''), bytes.subarray(0, length).toString('base64'), missing);
    }
  }
});

testInShells('--help and --version answer, and send nothing', (outbox) => {
  const help = send(outbox, ['--help']);
  assert.equal(help.status, 0);
  assert.match(help.stdout, /^usage: courier-send-mail /);
  const version = send(outbox, ['--version']);
  assert.deepEqual([version.stdout, version.status], ['courier-send-mail 0.1.0\n', 0]);
  assert.ok(!existsSync(join(outbox.root, 'arguments')));
});

testInShells('temporary files are private, and a link in their place is no way out', (outbox) => {
  writeScript(
    outbox.agent,
    `ls -ld "$TMPDIR"/courier-send-mail.* >'${outbox.root}/seen'`,
    `ls -l "$TMPDIR"/courier-send-mail.*/ >>'${outbox.root}/seen'`,
    `cat '${outbox.root}/agent-output'`,
  );
  writeFileSync(join(outbox.root, 'agent-output'), output);
  assert.equal(send(outbox).status, 0);
  const seen = readFileSync(join(outbox.root, 'seen'), 'utf8');
  assert.match(seen, /^drwx------ /);
  assert.match(seen, /^-rw------- .* output$/m);
  const script = `mktemp() { return 1; }\nln -s /tmp "$TMPDIR/courier-send-mail.$$"\nmake_work`;
  assert.equal(runInLibrary(outbox, script).status, 4);
});

testInShells('with --seal the attachment is a sealed drop', async (outbox) => {
  writeAgent(outbox);
  const { status, stderr } = send(outbox, ['--seal', `--seal-keys=${keysOf('host')}`]);
  assert.deepEqual([status, stderr], [0, '']);
  const [, base64 = ''] =
    /agent-output\.drop"\r?\n.*\r?\n\r?\n([^-]+)--/.exec(readMail(outbox)) ?? [];
  const verifier = await keyVerifier(publicKeyOf('host'));
  const { header, body } = verifyDrop(Buffer.from(base64, 'base64'), [verifier]);
  assert.deepEqual([header.host, gunzipSync(body)], ['web1', output]);
  assert.deepEqual(listLeftovers(outbox), []);

  const refused = send(outbox, ['--seal', '--seal-keys=/nowhere']);
  const why = 'there is no key of this host in /nowhere: courier-seal init makes one';
  assert.equal(refused.stderr, `courier-send-mail: cannot seal: ${why}\n`);
  assert.equal(refused.status, 4);
});
