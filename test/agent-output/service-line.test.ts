import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAgentOutput } from '../../src/agent-output/parser.ts';
import { type ServiceLine, toLocalSection } from '../../src/agent-output/service-line.ts';

function show(changes: Partial<ServiceLine>): string {
  const line = { state: 0, service: 'Agent courier', metrics: [], text: 'fine' } as const;
  return toLocalSection({ ...line, ...changes }).toString();
}

test('it is a section with one local check', () => {
  const section = show({
    state: 1,
    metrics: [
      ['age', 12.3456],
      ['bytes', 87_043],
    ],
  });
  assert.equal(
    section,
    '<<<local:sep(0)>>>\n1 "Agent courier" age=12.346|bytes=87043 fine\n<<<>>>\n',
  );
  assert.deepEqual(parseAgentOutput(Buffer.from(section)).problems, []);
});

test('without metrics it has a dash in their place', () => {
  assert.equal(show({}), '<<<local:sep(0)>>>\n0 "Agent courier" - fine\n<<<>>>\n');
});

test('numbers have no exponent and at most three decimals', () => {
  const section = show({
    metrics: [
      ['a', 0.0000001],
      ['b', 5_000_000_000],
      ['c', 0.1 + 0.2],
    ],
  });
  assert.match(section, / a=0\|b=5000000000\|c=0\.3 /);
});

test('whatever a text holds stays on its line, and is neither a metric nor a line break', () => {
  const section = show({ text: 'a\n<<<evil>>>\r\nb|c=1 d\\ne \x1b[31m', service: 'A "b" \'c\'\n' });
  assert.equal(section, '<<<local:sep(0)>>>\n0 "A b c" - a <<<evil>>> b¦c=1 d/ne [31m\n<<<>>>\n');
});
