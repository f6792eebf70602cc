/** What the program prints as its report is what the plug-ins of the family read. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { toReportSection } from '../../../src/agent-output/report-section.ts';
import { main } from '../../../src/main.ts';
import { version } from '../../../src/version.ts';
import { makeCommandContext } from '../../helpers/command-context.ts';
import { placeFamily, pythonFor, runPython, withoutPython } from '../../helpers/family-python.ts';
import { goodOutput } from '../../helpers/scripted-transport.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';

async function read(t: TestContext, output: string): Promise<readonly string[]> {
  const path = await placeFamily(t);
  const script = ['test/setup/forms/python/read_report.py'];
  const run = runPython(pythonFor(undefined), path, script, output);
  assert.equal(run.errors, '');
  return run.output.trimEnd().split('\n');
}

test('a fetch tells the service where the output is from and what failed before', {
  skip: withoutPython,
}, async (t) => {
  const home = await makeTempDir(t);
  const path = join(home, 'web01');
  writeFileSync(path, goodOutput);
  for (const [kind, services] of [
    ['section', 1],
    ['both', 0],
  ] as const) {
    const context = { ...makeCommandContext(), env: { HOME: home } };
    const chain = ['--or', `${home}/none-{host}`, '--or', path];
    const rules = [`--report=${kind}`, '--max-age=unlimited', '--max-skew=36500d'];
    assert.equal(await main(['fetch', '--host=web01', ...rules, ...chain], context), 0);
    const lines = await read(t, context.said.output);
    assert.ok(lines.includes(`services: ${services}`));
    assert.ok(lines.includes(`OK: From file ${path}`), lines.join('\n'));
    assert.ok(lines.includes('WARN: Failed before: file NO_OUTPUT'), lines.join('\n'));
    assert.ok(lines.includes('OK: Sources asked: 2'));
    assert.ok(lines.includes('metric: cmk_courier_age'));
    assert.ok(lines.includes('label: cmk-courier/transport:file'));
    assert.equal(lines.filter((line) => line.endsWith('cmk_courier.sources')).length, 2);
  }
});

test('grace, losses and a seal arrive as well', { skip: withoutPython }, async (t) => {
  const now = new Date();
  const section = toReportSection({
    courier: version,
    service: 'section',
    transport: undefined,
    source: 'collector http',
    producedAt: now,
    reportedAt: now,
    attempts: undefined,
    durationMs: undefined,
    bytes: 5,
    pick: 'first',
    failed: [],
    losses: '2 losses on some sites',
    note: 'a note',
    grace: { code: 'UNREACHABLE', text: 'http: "connecting"\n✂', limitMs: 1_800_000 },
    seal: { key: 'web', sequence: 7, producedAt: now, daysLeft: 10 },
    with: [],
    path: [],
  });
  const lines = await read(t, `${section.toString()}${goodOutput}`);
  assert.deepEqual(
    lines.filter((line) => /^(WARN|OK: (Note|Sealed))/.test(line)),
    [
      'WARN: Older output stands in, every source failed: http: "connecting" ✂ (UNREACHABLE)',
      'WARN: 2 losses on some sites',
      'OK: Note: a note',
      'OK: Sealed with the key web, number 7',
      'WARN: The key of the seal expires in: 864000 seconds (warn/crit below 1209600 seconds/259200 seconds)',
    ],
  );
});
