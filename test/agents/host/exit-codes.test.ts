/** The tables of exit codes in the senders' pages, held against the scripts. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

/** Codes the script ends with by name of the number. */
function codesIn(script: string): readonly string[] {
  return [...script.matchAll(/\b(?:fail|exit) (\d+)\b/g)].map(([, code = '']) => code);
}

/** First cells of the table: `21, 23`, `20 to 71, 80 to 91`. */
function codesInTable(page: string): ReadonlySet<string> {
  const table = /\| exit code \|[^\n]*\n\| ---[^\n]*\n((?:\|[^\n]*\n)+)/.exec(page)?.[1] ?? '';
  const cells = table.split('\n').map((row) => row.split('|')[1]?.trim() ?? '');
  return new Set(cells.flatMap((cell) => cell.split(', ')));
}

for (const name of ['courier-send', 'courier-send-mail', 'courier-send-rsync']) {
  test(`${name}: its page names every exit code that the script has`, () => {
    const named = codesInTable(readFileSync(`agents/host/${name}.md`, 'utf8'));
    const used = new Set(codesIn(readFileSync(`agents/host/${name}`, 'utf8')));
    assert.ok(used.size > 4 && named.has('0'));
    assert.deepEqual(
      [...used].filter((code) => !named.has(code)),
      [],
    );
  });
}
