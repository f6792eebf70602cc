/** The shell of the updater, without what only some shells and systems have. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const scripts = ['agents/host/courier-update', 'agents/host/courier-launch'];

const forbidden: Readonly<Record<string, RegExp>> = {
  'date +%s': /date[^|;]*\+%s\b/,
  'head -c': /\bhead -c/,
  'readlink -f': /\breadlink\b/,
  'sed -i': /\bsed -i/,
  '[[': /\[\[ /,
  'a here-document': /<<-?\s*['"]?[A-Z]/,
  'an array': /^\s*\w+=\(/,
  eval: /\beval\b/,
  'a file that is run in place': /^\s*\. /,
  local: /^\s*(local|typeset|declare) |^\s*function \w+ *(\{|$)/,
  mktemp: /\bmktemp\b/,
  'mv -T or ln -sfn': /\bmv -T|\bln -sf/,
  'tar z': /\btar \w*z/,
  'process substitution': /\s[<>]\([^o]/,
  $RANDOM: /\$RANDOM|\$SECONDS\b/,
};

/** Stamps and counters have more digits than a shell of 32 bits counts. */
const longNumber =
  /(floor_(counter|serial|time|request|installed_counter)|[stra]_(counter|serial|issued|expires|floor)|\bnow\b|\bmoment\b|\bdue\b)/;

for (const script of scripts) {
  const lines = readFileSync(script, 'utf8')
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*/, ''));

  test(`TE-8: ${script} uses nothing outside POSIX`, () => {
    for (const [what, pattern] of Object.entries(forbidden)) {
      const found = lines.filter(
        (line) => pattern.test(line) && !/^ *'|printf '%s|^ {8}\S.*'$/.test(line),
      );
      assert.deepEqual(found, [], what);
    }
  });

  test(`TE-8: ${script} lets the shell compare no counter and no time`, () => {
    const compared = lines.filter((line) => /-(lt|le|gt|ge) /.test(line) || /\$\(\(/.test(line));
    assert.deepEqual(
      compared.filter((line) => longNumber.test(line)),
      [],
    );
  });
}

test('TE-7: clock, digests and chance have no switch in the client', () => {
  const text = readFileSync('agents/host/courier-update', 'utf8');
  const variables = [...text.matchAll(/\$\{?(COURIER_\w+)/g)].map(([, name]) => name);
  assert.deepEqual([...new Set(variables)], ['COURIER_UPDATE_LIBRARY']);
});
