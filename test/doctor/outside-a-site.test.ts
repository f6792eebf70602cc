/** `doctor HOST` on a machine that is no site: what it cannot see, and hosts with the names of its words. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RawOptions } from '../../src/cli/options.ts';
import { systemClock } from '../../src/clock.ts';
import { doctor } from '../../src/commands/doctor.ts';
import { toDocument } from '../../src/doctor/document.ts';
import type { StepResult } from '../../src/doctor/step.ts';
import { toText } from '../../src/doctor/text.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { findFreePort } from '../helpers/free-port.ts';

async function run(operands: readonly string[], options: RawOptions = {}) {
  const context = { ...makeCommandContext(), clock: systemClock };
  const place = { address: ['127.0.0.1'], port: [String(await findFreePort())] };
  await doctor.run({ operands, options: { ...place, ...options } }, context);
  return context.said.output.split('\n').map((line) => line.replace(/ +[0-9.]+ m?s$/, ''));
}

test('steps that only a site can take share one line', async () => {
  const lines = await run(['web01']);
  assert.deepEqual(
    lines.filter((line) => line.startsWith('  ? ') && !line.includes('ping')),
    [
      '  ? 8 steps       nobody could look: this is not the user of a site (site, checkmk, configuration, sharing, registration, age, receiver-port, refused)',
    ],
  );
});

test('-v shows the facts as --facts does', async () => {
  const context = { ...makeCommandContext(), clock: systemClock };
  const options = { address: ['127.0.0.1'], only: ['address'] };
  await doctor.run({ operands: ['web01'], options }, { ...context, isVerbose: true });
  assert.match(context.said.output, /^ {6}addresses +127\.0\.0\.1$/m);
});

test('hosts are named site, ports and host as well', async () => {
  for (const operands of [['host', 'site'], ['host', 'ports'], ['host', 'host'], ['host']]) {
    const [head] = await run(operands, { only: ['address'] });
    assert.equal(head, `${operands.at(-1)} (127.0.0.1)`);
  }
});

test('a source behind a host named host is its source', async () => {
  const [head, , step] = await run(['host', 'file:///nonexistent/x'], { only: ['way'] });
  assert.equal(head, 'host (127.0.0.1)');
  assert.match(step ?? '', /^ {2}x way +file:\/\/\/nonexistent\/x: /);
});

test('a narrow terminal gets narrow lines, with the time beside the words', () => {
  const step: StepResult = {
    ...{ id: 'port', side: 'site', title: '', status: 'ok', source: 'probe', code: null },
    ...{ text: 'accepts', rawError: null, evidence: {}, dependsOn: [], durationMs: 12 },
  };
  const document = toDocument({
    subject: { host: 'web01', address: null, port: 6556 },
    site: { name: null, version: null, edition: null },
    ...{ run: '', startedMs: 0, durationMs: 0, original: null, ports: [] },
    results: [step, { ...step, text: 'a text that is too long for one line of it' }],
  });
  const manner = { colour: false, ascii: true, width: 40, verbose: true, quiet: false };
  assert.deepEqual(toText(document, 6556, manner).split('\n'), [
    'web01',
    '',
    '  + port          accepts          12 ms',
    '  + port          a text that is too',
    '                  long for one line of',
    '                  it    12 ms',
    '',
    '  web01: nothing is wrong, as far as',
    '  somebody could look.',
    '',
  ]);
});
