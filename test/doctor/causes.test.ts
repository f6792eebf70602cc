import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { installationCauses } from '../../src/doctor/causes/installation.ts';
import { causes, exitOf, isCause } from '../../src/doctor/causes.ts';
import { hostCauses } from '../../src/doctor/report/host-causes.ts';
import { faults } from '../../src/faults/errors.ts';

/** The others are of `doctor site`, which has a page of its own. */
const own = Object.fromEntries(
  Object.entries(causes).filter(([code]) => !Object.hasOwn(installationCauses, code)),
);

test('docs/doctor.md has a heading for every cause, and no other', () => {
  const page = readFileSync('docs/doctor.md', 'utf8');
  const headings = [...page.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading);
  assert.deepEqual(headings.toSorted(), Object.keys(own).toSorted());
});

test('what is to be done stands on the page as the program says it', () => {
  const page = readFileSync('docs/doctor.md', 'utf8');
  for (const { fix } of Object.values(own)) {
    for (const command of Object.values(fix)) assert.ok(page.includes(`\`${command}\``), command);
  }
});

test('every cause of a host is known here, with the same fault', () => {
  for (const [code, fault] of Object.entries(hostCauses)) {
    assert.ok(isCause(code), code);
    assert.equal(exitOf(code), faults[fault].exit, code);
  }
});
