import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Report, toText, toUnreadable } from '../../src/agent-output/check-report.ts';
import { toRemark } from '../../src/agent-output/rules.ts';
import { CourierError } from '../../src/faults/errors.ts';

const nothing: Report = {
  file: 'a\nb',
  sections: 0,
  piggybackedHosts: [],
  problems: [],
  omittedProblems: 0,
  fault: null,
};

test('what there is none of is said in words', () => {
  assert.equal(toText(nothing), 'no errors in a b: no sections\n');
  const some = { ...nothing, sections: 1, piggybackedHosts: ['x', 'y'] };
  assert.equal(toText(some), 'no errors in a b: 1 section, 2 piggybacked hosts\n');
});

test('problems have a line each, and those that are not shown are counted', () => {
  const problems = [
    toRemark('unmarked-salt', 'odd'),
    { line: 3, rule: 'invalid-name', severity: 'loss', message: 'bad' } as const,
  ];
  assert.deepEqual(toText({ ...nothing, problems, omittedProblems: 1 }).split('\n'), [
    'a b:1: remark: odd (unmarked-salt)',
    'a b:3: loss: bad (invalid-name)',
    'a b: 1 more problem not shown',
    'at least no errors, 1 loss, 1 remark in a b: no sections',
    '',
  ]);
  const losses = problems.slice(1);
  assert.match(toText({ ...nothing, problems: [...losses, ...losses] }), /no errors, 2 losses in/);
});

test('a file that could not be read has its fault in the place of all that', () => {
  const fault = new CourierError('LOCAL', 'reading a: no such file');
  assert.equal(toText(toUnreadable('a\nb', fault)), 'a b: reading a: no such file (LOCAL)\n');
});
