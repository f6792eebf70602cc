import assert from 'node:assert/strict';
import { test } from 'node:test';
import { surround } from '../../src/agent-output/own-service.ts';
import { parseAgentOutput } from '../../src/agent-output/parser.ts';

const line = { state: 1, service: 'Agent courier', metrics: [], text: 'fine' } as const;
const said = '; a local check of the agent has this name, too, and does not count';
const ours = (text = 'fine') => `<<<local:sep(0)>>>\n1 "Agent courier" - ${text}\n<<<>>>\n`;

function place(text: string) {
  const { ahead, behind } = surround(Buffer.from(text, 'latin1'), 'src', line);
  return { ahead: ahead.toString(), behind: behind.toString() };
}

test('it stands ahead, and text behind it joins no section', () => {
  const outputs = [
    '<<<df>>>\n',
    '0 "Agent courier" - all fine\n<<<df>>>\n',
    '<<<local>>>\n0 a - b\n',
  ];
  for (const output of outputs) {
    assert.deepEqual(place(output), { ahead: ours(), behind: '' });
    const whole = Buffer.from(ours() + output);
    const [first] = parseAgentOutput(whole, 'src').sections;
    assert.equal(
      whole.toString('utf8', first?.bodyStart, first?.end),
      `${ours().split('\n')[1]}\n`,
    );
  }
});

const taken: readonly string[] = [
  '<<<local:sep(0)>>>\n0 "Agent courier" - all fine\n',
  "<<<local:sep(0)>>>\n0 a - b\nP 'Agent courier' - all fine\n",
  '<<<local>>>\n0   "Agent    courier" - all fine\n',
  '<<<local:sep(0)>>>\n\xa0cached(1,2) 0 "Agent courier" - all fine\n',
  '<<<local:sep(0)>>>\n\xc2\xa0\xe2\x80\x830 "Agent courier" - all fine\n',
  '<<<local>>>\n0\xe2\x80\x83"Agent\xe2\x80\x83courier" - all fine\n',
  '<<<local:sep(0)>>>\n<<<df>>>\n<<<local:sep(0)>>>\r\n \t0 "Agent courier" - all fine\r\n',
  '<<<local:encoding(utf-16):sep(0)>>>\n0\0 \0"\0A\0g\0e\0n\0t\0 \0c\0o\0u\0r\0i\0e\0r\0"\0 \0\n',
];

for (const output of taken) {
  test(`behind ${JSON.stringify(output)} it wins, and says so`, () =>
    assert.deepEqual(place(output), { ahead: '', behind: ours(`fine${said}`) }));
}

const free: readonly string[] = [
  '<<<local:sep(0)>>>\n0 "Agent courier 2" - all fine\n0 Agent courier - x\n0 x - "Agent courier"\n',
  '<<<df>>>\n0 "Agent courier" - all fine\n',
  '<<<<vm>>>>\n<<<local:sep(0)>>>\n0 "Agent courier" - all fine\n',
];

for (const output of free) {
  test(`${JSON.stringify(output)} takes no name of ours`, () =>
    assert.deepEqual(place(output), { ahead: ours(), behind: '' }));
}

test('behind rows that cannot be read from their bytes it stands without a word', () => {
  for (const options of [
    'encoding(cp037)',
    'encoding(unicode_escape)',
    'encoding(utf-7)',
    'sep(59)',
  ]) {
    const output = `<<<local:${options}>>>\nx\n`;
    assert.deepEqual(place(output), { ahead: '', behind: ours() });
  }
});

test('what is open at the end is closed before it', () => {
  const [local = ''] = taken;
  const block = `${local}<<<<vm>>>>\n<<<df>>>\n1`;
  assert.equal(place(block).behind, `\n<<<<>>>>\n${ours(`fine${said}`)}`);
  assert.equal(place(`${block}\n<<<<>>>>`).behind, `\n${ours(`fine${said}`)}`);
  const own = `<<<<vm>>>>\n<<<df>>>\n<<<<src>>>>\n${local}`;
  assert.equal(place(own).behind, `<<<<>>>>\n${ours(`fine${said}`)}`);
});

test('hostile rows are looked through in a time in proportion', () => {
  const size = 1024 * 1024;
  for (const unit of ['\n', ' ', ' \n', 'cached(\n', 'a', 'a ', '0 "', '0 "Agent ']) {
    const started = performance.now();
    place(`<<<local:sep(0)>>>\n${unit.repeat(size / unit.length)}`);
    assert.ok(performance.now() - started < 5000, JSON.stringify(unit));
  }
});
