/** Dialogues with a switch, whatever it does. */

import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { z } from 'zod';
import { systemClock } from '../../../src/clock.ts';
import { CourierError } from '../../../src/faults/errors.ts';
import { registerSecret } from '../../../src/faults/redaction.ts';
import { holdDialogue } from '../../../src/special-agents/dialogue/dialogue.ts';
import { dialogueKeys } from '../../../src/special-agents/dialogue/schema.ts';
import { makeCollectingLog } from '../../helpers/collecting-log.ts';
import { catchFault } from '../../helpers/expect-fault.ts';
import { everyOption, type Manners, TelnetSwitch } from '../../peers/telnet-switch.ts';

const schema = z.strictObject(dialogueKeys);
const values: Readonly<Record<string, string>> = { username: 'admin', password: 'right-horse' };
registerSecret('right-horse');

const usual = {
  login: [
    { expect: 'login: ', send: '{username}' },
    { expect: 'Password: ', send: '{password}' },
  ],
  refuse: ['Login incorrect', 'Access denied'],
  prompt: '/^[\\w-]+[>#] ?$/',
  pager: { when: '/--More--/', send: ' ' },
  before: ['terminal length 0'],
  ask: { version: 'show version' },
  logout: 'exit',
  idleTimeout: '2s',
};

/** Holds a dialogue with a switch of these manners. */
async function ask(t: TestContext, manners: Manners, changes: object = {}) {
  const peer = new TelnetSwitch(manners);
  const port = await peer.start();
  t.after(() => peer.end());
  const step = schema.parse({ dialogue: `telnet://127.0.0.1:${port}`, ...usual, ...changes });
  const trace: string[] = [];
  const stop = new AbortController();
  const reply = holdDialogue(step, {
    fill: (text) => text.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? ''),
    signal: stop.signal,
    maxBodyBytes: 1024 * 1024,
    log: makeCollectingLog(),
    clock: systemClock,
    env: {},
    trace: (line) => trace.push(line),
  }).then(({ place, body }) => ({
    place: place.replace(`:${port}`, ':PORT'),
    answers: Object.fromEntries(
      Object.entries(body).map(([name, bytes]) => [name, bytes.toString()]),
    ),
  }));
  const messageOf = async () => {
    const { code, message } = await catchFault(reply);
    return `${message.replaceAll(`:${port}`, ':PORT')} (${code})`;
  };
  return { reply, peer, trace, stop, messageOf };
}

const version = 'Example OS 15.2\nuptime is 3 weeks\n';
const ports = Array.from({ length: 50 }, (_, index) => `Gi1/0/${index}  up  1000\r\n`).join('');

const cases: (readonly [what: string, check: (t: TestContext) => Promise<void>])[] = [];

/** Most of them wait most of the time: they run side by side. */
function note(what: string, check: (t: TestContext) => Promise<void>): void {
  cases.push([what, check]);
}

for (const [what, manners] of [
  ['says what it is asked', {}],
  ['negotiates every option', { negotiates: everyOption }],
  ['speaks byte by byte', { packetBytes: 1, negotiates: everyOption }],
  ['is coloured, sets titles and brackets what is pasted', { coloured: true }],
  ['is coloured, byte by byte', { coloured: true, packetBytes: 1 }],
  ['has a banner that speaks of access', { banner: 'Unauthorised: Access denied otherwise!\r\n' }],
  ['pages what it says', { page: 1 }],
] as const satisfies readonly (readonly [string, Manners])[]) {
  note(`a switch that ${what} is understood`, async (t) => {
    const { reply, peer } = await ask(t, manners);
    assert.deepEqual(await reply, { place: 'telnet://127.0.0.1:PORT', answers: { version } });
    assert.equal(peer.said.join(''), 'admin\rright-horse\rterminal length 0\rshow version\rexit\r');
  });
}

note('options are refused but for echo and suppress-go-ahead, each once', async (t) => {
  const { reply, peer } = await ask(t, { negotiates: everyOption });
  await reply;
  assert.deepEqual(peer.negotiated, [
    ...['WONT 1', 'WILL 3', 'WONT 24', 'WONT 31', 'WONT 32', 'WONT 33', 'WONT 34'],
    ...['WONT 35', 'WONT 36', 'WONT 37', 'WONT 38', 'WONT 39'],
    ...['DONT 0', 'DO 1', 'DO 3', 'DONT 5', 'DONT 6', 'DONT 38'],
  ]);
});

note('pages are turned, and nothing of the pager stays', async (t) => {
  const { reply } = await ask(
    t,
    { page: 7, answers: { ports } },
    { before: [], ask: { ports: 'ports' } },
  );
  assert.equal((await reply).answers['ports'], ports.replaceAll('\r', ''));
});

note('255 in data is doubled on the wire and single in the answer', async (t) => {
  const { reply } = await ask(
    t,
    { answers: { show: 'a\xffb\xff\xff\r\n' }, packetBytes: 1 },
    { encoding: 'latin1', ask: { one: 'show' } },
  );
  assert.equal((await reply).answers['one'], 'aÿbÿÿ\n');
});

note('a line that looks like the prompt, and goes on, does not end the answer', async (t) => {
  const answers = { show: 'x\r\nsw1# is my prompt\r\nsw1#\r\ny\r\n' };
  const { reply } = await ask(t, { answers, packetBytes: 5 }, { ask: { one: 'show' } });
  assert.equal((await reply).answers['one'], 'x\nsw1# is my prompt\nsw1#\ny\n');
});

for (const refuses of ['asks again', 'closes', 'waits'] as const) {
  note(`a switch that refuses the login and ${refuses} is REFUSED`, async (t) => {
    const { messageOf, peer } = await ask(t, { refuses });
    const why = refuses === 'asks again' ? 'it asks for "login:" again' : 'it does not let us in';
    const said = refuses === 'asks again' ? 'Login incorrect login:' : 'Login incorrect';
    assert.equal(
      await messageOf(),
      `telnet://127.0.0.1:PORT: ${why}; it said last "${said}" (REFUSED)`,
    );
    assert.equal(peer.said.filter((one) => one.includes('right-horse')).length, 1);
  });
}

const hangs = [
  ['connect', '"login:" after connecting does not come within 2s'],
  ['login', '"login:" after connecting does not come within 2s'],
  ['password', '"Password:" does not come within 2s; it said last "admin"'],
  ['prompt', 'the prompt does not come within 2s'],
  [
    'answer',
    'the prompt after "terminal length 0" does not come within 2s; it said last "terminal length 0"',
  ],
  [
    'end',
    'the prompt after "terminal length 0" does not come within 2s; it said last "terminal length 0"',
  ],
] as const;

for (const [hang, says] of hangs) {
  note(`a switch that hangs at ${hang} is TIMEOUT, and closed`, async (t) => {
    const { messageOf, peer } = await ask(t, { hang });
    assert.equal(await messageOf(), `telnet://127.0.0.1:PORT: ${says} (TIMEOUT)`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(peer.open, 0);
  });

  note(`a switch that closes at ${hang} is UNREACHABLE`, async (t) => {
    const { messageOf } = await ask(t, { closeAt: hang });
    assert.match(
      await messageOf(),
      /^telnet:\/\/127\.0\.0\.1:PORT: the connection was closed while we wait for .* \(UNREACHABLE\)$/,
    );
  });
}

note('one that hangs within a page is TIMEOUT', async (t) => {
  const { messageOf } = await ask(t, { hang: 'page', page: 1 }, { before: [] });
  assert.match(
    await messageOf(),
    /the prompt after "show version" does not come within 2s; .* \(TIMEOUT\)$/,
  );
});

note('a signal ends it at once, with its reason', async (t) => {
  const { reply, stop } = await ask(t, { hang: 'answer' }, { idleTimeout: '60s' });
  setTimeout(() => stop.abort(new CourierError('TIMEOUT', 'no agent output within 5s')), 300);
  assert.equal((await catchFault(reply)).message, 'no agent output within 5s');
});

note('what was not understood is PEER where the recipe says how that looks', async (t) => {
  const { messageOf } = await ask(t, {}, { ask: { one: 'nonsense' }, wrong: ['/^% /'] });
  assert.equal(
    await messageOf(),
    'telnet://127.0.0.1:PORT: to "nonsense" it says "% Invalid input: nonsense" (PEER)',
  );
});

note('a pattern that explodes is told, and ends', async (t) => {
  const { messageOf } = await ask(
    t,
    { prompt: `${'a'.repeat(60)}!` },
    { prompt: '/^(a+)+$/', pager: [] },
  );
  assert.equal(
    await messageOf(),
    'the pattern /^(a+)+$/ takes longer than 2s on what the peer said (MALFORMED)',
  );
});

note('an answer that does not end is TOO_LARGE', async (t) => {
  const answers = { show: `${'x'.repeat(100)}\r\n`.repeat(20_000) };
  const { messageOf } = await ask(t, { answers }, { ask: { one: 'show' } });
  assert.equal(await messageOf(), 'telnet://127.0.0.1:PORT: more than 1048576 bytes (TOO_LARGE)');
});

note('the transcript has control bytes visible and secrets by their names', async (t) => {
  const { reply, trace } = await ask(t, { coloured: true, negotiates: [[253, 24]] });
  await reply;
  const all = trace.join('\n');
  assert.match(all, /^telnet: DO terminal-type$/m);
  assert.match(all, /^telnet: WONT terminal-type sent$/m);
  assert.match(all, /^> "\{password\}\\r"$/m);
  assert.match(all, /\\e\]0;sw1\\a\\e\[\?2004h\\e\[1;32msw1# \\e\[0m/);
  assert.ok(!all.includes('right-horse'));
});

note('plain TCP: an answer ends with a line, or when nothing comes', async (t) => {
  const answers = { stats: 'STAT a 1\r\nSTAT b 2\r\nEND\r\n', ruok: 'imok' };
  const peer = new TelnetSwitch({ raw: true, answers });
  const port = await peer.start();
  t.after(() => peer.end());
  const hold = async (changes: object) => {
    const step = schema.parse({ dialogue: `tcp://127.0.0.1:${port}`, ...changes });
    const { body } = await holdDialogue(step, {
      fill: (text) => text,
      signal: new AbortController().signal,
      ...{ maxBodyBytes: 1e6, log: makeCollectingLog(), clock: systemClock, env: {} },
      trace: () => undefined,
    });
    return Object.fromEntries(
      Object.entries(body).map(([name, bytes]) => [name, bytes.toString()]),
    );
  };
  assert.deepEqual(await hold({ end: '/^END$/', ask: { a: 'stats', b: 'stats' } }), {
    a: 'STAT a 1\nSTAT b 2\n',
    b: 'STAT a 1\nSTAT b 2\n',
  });
  assert.deepEqual(await hold({ quiet: '200ms', ask: { a: 'ruok' } }), { a: 'imok\n' });
  assert.ok(peer.said.join('').startsWith('stats\r\n'));
});

const farRight = `${'\x1b[999C'.repeat(60)}x\r\n`;

for (const [what, answer] of [
  ['lines that cursors make long', farRight.repeat(40)],
  ['empty lines without end', '\n'.repeat(80_000)],
  ['a line without end', 'x'.repeat(1_100_000)],
] as const) {
  note(`a peer that sends ${what} is TOO_LARGE`, async (t) => {
    const { messageOf } = await ask(t, { answers: { 'show version': answer } });
    assert.equal(await messageOf(), `telnet://127.0.0.1:PORT: more than 1048576 bytes (TOO_LARGE)`);
  });
}

note('commands of telnet without end are no answer: TIMEOUT', async (t) => {
  const negotiates = Array.from({ length: 20_000 }, () => [253, 24] as const);
  const { messageOf } = await ask(t, { hang: 'connect', negotiates }, { idleTimeout: '1s' });
  assert.match(await messageOf(), /does not come within 1s.* \(TIMEOUT\)$/);
});

note('nobody listens there: UNREACHABLE', async (t) => {
  const { messageOf } = await ask(t, {}, { dialogue: 'telnet://127.0.0.1:1' });
  assert.equal(await messageOf(), 'connecting to 127.0.0.1:1: connection refused (UNREACHABLE)');
});

for (const [changes, says] of [
  [{ prompt: undefined }, 'a dialogue needs one of prompt, end and quiet'],
  [{ quiet: '1s' }, 'a dialogue needs one of prompt, end and quiet'],
  [{ prompt: undefined, quiet: '1s' }, 'login needs a prompt'],
  [{ ask: {} }, 'ask must not be empty'],
  [
    { dialogue: 'ssh://switch' },
    'dialogue must be telnet://HOST:23, tcp://HOST:PORT or tls://HOST:PORT, not "ssh://switch"',
  ],
  [{ dialogue: 'tcp://switch' }, 'dialogue needs a port from 1 to 65535: "tcp://switch"'],
] as const) {
  note(`${JSON.stringify(changes)}: ${says}`, async (t) => {
    const { messageOf } = await ask(t, {}, changes);
    assert.equal(await messageOf(), `${says} (CONFIG)`);
  });
}

suite('a switch over telnet', { concurrency: 6 }, () => {
  for (const [what, check] of cases) test(what, check);
});
