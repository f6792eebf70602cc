/** Dialogues with real telnet servers and a real login behind them. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { systemClock } from '../../../src/clock.ts';
import { holdDialogue } from '../../../src/special-agents/dialogue/dialogue.ts';
import { dialogueKeys } from '../../../src/special-agents/dialogue/schema.ts';
import { makeCollectingLog } from '../../helpers/collecting-log.ts';
import { catchFault } from '../../helpers/expect-fault.ts';
import { skipWithout } from '../../helpers/required-peer.ts';
import { skipWithoutMounts } from '../../peers/private-mounts.ts';
import { skipWithoutTelnetd, startTelnetd, user } from '../../peers/telnet-daemons.ts';

const password = 'Right-Horse-7';

const isRoot = process.getuid?.() === 0;
const skip = isRoot ? skipWithoutMounts || skipWithout('python3') : 'only root may log others in';

const peers = [
  ['busybox', skip || skipWithoutTelnetd()],
  ['inetutils', skip || skipWithout('telnetd')],
] as const;

async function ask(port: number, sent: string, trace: string[] = []) {
  const step = z.strictObject(dialogueKeys).parse({
    dialogue: `telnet://127.0.0.1:${port}`,
    login: [
      { expect: '/login: $/', send: user },
      { expect: 'Password: ', send: '{password}' },
    ],
    refuse: ['Login incorrect'],
    prompt: '/^\\S*@\\S+:\\S+[$#] $/',
    before: ["PS1='u@sw1:~# '; stty -echo cols 40"],
    ask: {
      long: `echo ${'word '.repeat(30)}`,
      bytes: "printf 'a\\377b\\n'",
      many: 'seq 1 3000',
    },
    logout: 'exit',
    encoding: 'latin1',
  });
  return holdDialogue(step, {
    fill: (text) => text.replace('{password}', sent),
    signal: AbortSignal.timeout(60_000),
    ...{ maxBodyBytes: 1e6, log: makeCollectingLog(), clock: systemClock, env: {} },
    trace: (line) => trace.push(line),
  });
}

for (const [kind, why] of peers) {
  test(`telnetd of ${kind}: a login, long lines, byte 255, many lines`, {
    skip: why,
    timeout: 90_000,
  }, async (t: TestContext) => {
    const port = await startTelnetd(t, kind, password);
    const trace: string[] = [];
    const { body } = await ask(port, password, trace).catch((error: unknown) => {
      throw new Error(trace.join('\n'), { cause: error });
    });
    assert.equal(body['long']?.toString(), `${'word '.repeat(30).trim()}\n`);
    assert.equal(body['bytes']?.toString(), 'aÿb\n');
    const many = Array.from({ length: 3000 }, (_, index) => `${index + 1}\n`).join('');
    assert.equal(body['many']?.toString(), many);
    assert.ok(trace.some((line) => /^telnet: DO terminal-type$/.test(line)) || kind === 'busybox');
  });

  test(`telnetd of ${kind}: a wrong password is REFUSED`, {
    skip: why,
    timeout: 90_000,
  }, async (t: TestContext) => {
    const port = await startTelnetd(t, kind, password);
    const { code, message } = await catchFault(ask(port, 'wrong-horse'));
    assert.equal(code, 'REFUSED', message);
    assert.match(message, /Login incorrect/);
  });
}
