import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { start } from '../../helpers/run-program.ts';
import { writeScript } from './courier-agent-shells.ts';
import {
  goodOutput,
  send,
  sendFile,
  startSending,
  testHost,
  writeAgent,
} from './courier-send-shells.ts';

testHost('a configuration file is read and never run', async (sender) => {
  const { root, agent, receiver } = sender;
  writeFileSync(join(root, 'printed'), goodOutput);
  writeScript(agent, `printf '%s\\n' "$@" >'${root}/arguments'`, `cat '${root}/printed'`);
  const config = join(root, 'config');
  const lines = [
    '# the site',
    '',
    `AGENT=${agent} $(touch ${root}/ran) *\r`,
    'HOST=from-file',
    `TO=https://192.0.2.1/`,
  ];
  writeFileSync(config, lines.join('\n'));
  const { shell, env } = sender;
  const args = [`--config=${config}`, `--to=${receiver.url}/`, `--ca=${root}/ca.pem`];
  const all = [sendFile, ...args, `--state=${root}/state`];
  const { code, stderr } = await start(shell.file, all, { env }).ended;
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  assert.ok(!existsSync(join(root, 'ran')));
  assert.equal(receiver.arrivals[0]?.url, '/v1/hosts/from-file/agent-output');
  assert.match(readFileSync(join(root, 'arguments'), 'utf8'), /^\$\(touch\n.*\n\*\n$/s);
});

testHost('what is wrong is said in one line, with a code of its own', async (sender) => {
  writeAgent(sender, goodOutput);
  const { root } = sender;
  const config = join(root, 'config');
  writeFileSync(config, '# fine\nHOST=a\nCOLOUR=red\n');
  writeFileSync(join(root, 'a b'), '', { mode: 0o600 });
  const strange = '--to has a character in it that it must not have';
  const url = '--to must look like https://site.example.com:8000';
  const state = '--state must be an absolute path of plain characters';
  const cases: readonly (readonly [readonly string[], number, string])[] = [
    [['x'], 2, 'unknown argument "x", see --help'],
    [['--colour=red'], 2, 'unknown option "--colour", see --help'],
    [['--to='], 2, 'no receiver to send to: --to or TO in the configuration file is missing'],
    [['--to=https://'], 2, url],
    [['--to=ftp://site'], 2, url],
    [['--to=https://user:secret@site'], 2, strange],
    [['--to=https://site/"\nheader = "x'], 2, strange],
    [['--host=a b'], 2, 'not a host name Checkmk would accept: "a b"'],
    [['--host=../x'], 2, 'not a host name Checkmk would accept: "../x"'],
    [['--host=-x'], 2, 'not a host name Checkmk would accept: "-x"'],
    [['--timeout=0'], 2, '--timeout must be seconds such as 60'],
    [['--timeout=soon'], 2, '--timeout must be seconds such as 60'],
    [['--jitter=-1'], 2, '--jitter must be seconds such as 30'],
    [['--cert=/x'], 2, '--cert and --key go together'],
    [['--state=relative'], 2, state],
    [['--state=/a b'], 2, state],
    [[`--token-file=${root}/a b`], 2, '--token-file must be an absolute path of plain characters'],
    [
      [`--config=${config}`],
      3,
      `${config}, line 3: not a setting such as TO=https://site.example.com:8000`,
    ],
    [['--config=/nowhere'], 3, 'cannot read the configuration file /nowhere'],
    [['--token-file=/nowhere'], 4, '--token-file: cannot read /nowhere'],
    [['--ca=/nowhere'], 4, '--ca: cannot read /nowhere'],
    [['--agent=/nowhere/agent -x'], 4, 'there is no agent /nowhere/agent'],
    [['--client=lynx'], 4, `there is no lynx to send to ${sender.receiver.url} with`],
    [['--state=/proc/nowhere'], 4, 'cannot write to /proc/nowhere'],
  ];
  for (const [args, code, why] of cases) await send(sender, code, why, args);
  assert.deepEqual(sender.receiver.arrivals, []);
});

testHost('--help and --version answer, and send nothing', async (sender) => {
  const help = await startSending(sender, ['--help']).ended;
  assert.equal(help.code, 0);
  assert.match(help.stdout.toString(), /^usage: courier-send /);
  const version = await startSending(sender, ['--version']).ended;
  assert.deepEqual([version.stdout.toString(), version.code], ['courier-send 0.1.0\n', 0]);
  assert.deepEqual(sender.receiver.arrivals, []);
});
