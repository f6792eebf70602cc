/** courier-doctor.ps1, as far as it can be looked at without Windows. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { hostCauses, isHostCause } from '../../../src/doctor/report/host-causes.ts';
import { type HostStepId, hostFacts } from '../../../src/doctor/report/host-facts.ts';
import { faults } from '../../../src/faults/errors.ts';

const script = readFileSync('agents/host/courier-doctor.ps1', 'utf8');

/** Names in the first argument of a function of that step: `@{ kind = …; path = … }` and `$facts['exit']`. */
function factsOf(id: string): readonly string[] {
  const start = script.indexOf(`function Step-${id[0]?.toUpperCase()}${id.slice(1)} {`);
  const body = script.slice(start, script.indexOf('\n}\n', start));
  const tables = [...body.matchAll(/(?:\$facts = |' )@\{ ([^}]*) \}/g)].flatMap(([, table = '']) =>
    [...table.matchAll(/(?:^|; )(\w+) = /g)].map(([, name = '']) => name),
  );
  const later = [...body.matchAll(/\$facts\['(\w+)'\]/g)].map(([, name = '']) => name);
  return [...new Set([...tables, ...later])];
}

function isStep(id: string): id is HostStepId {
  return Object.hasOwn(hostFacts, id);
}

test('it has the steps of the other script, and no fact or cause that is not known', () => {
  const steps = [...script.matchAll(/^function Step-(\w+) \{$/gm)].map(([, id = '']) =>
    id.toLowerCase(),
  );
  assert.deepEqual([...steps, 'dump'].sort(), Object.keys(hostFacts).sort());
  for (const id of steps.filter(isStep)) {
    const facts = factsOf(id);
    assert.ok(facts.length > 0, id);
    for (const name of facts) assert.ok(Object.hasOwn(hostFacts[id].shape, name), `${id}: ${name}`);
  }
  const rows = [...script.matchAll(/^ {4}'?([a-z-]+)'? +=? *= '([A-Z_]+)', (\d+)$/gm)];
  const table = new Map(rows.map(([, code = '', ...rest]) => [code, rest]));
  assert.ok(table.size > 15);
  for (const [code, [fault, exit]] of table) {
    assert.ok(isHostCause(code), code);
    assert.deepEqual(
      [fault, exit],
      [hostCauses[code], String(faults[hostCauses[code]].exit)],
      code,
    );
  }
  const used = [...script.matchAll(/Add-Step \w+ (?:fault|warning) '([a-z-]+)'/g)];
  assert.deepEqual(
    [...new Set(used.map(([, code = '']) => code))].sort(),
    [...table.keys()].sort(),
  );
});

test('it is ASCII, of this version, and every bracket has its other half', () => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that there is none of the others
  assert.match(script, /^[\x00-\x7f]*$/);
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  assert.match(
    script,
    new RegExp(`^\\$script:Version = '${version.replaceAll('.', '\\.')}'$`, 'm'),
  );
  const code = script.replace(/'[^'\n]*'/g, "''").replace(/^\s*#(?!>).*$/gm, '');
  for (const [open, close] of [
    ['{', '}'],
    ['(', ')'],
    ['[', ']'],
  ] as const) {
    assert.equal(code.split(open).length, code.split(close).length, `${open} ${close}`);
  }
});
