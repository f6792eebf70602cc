/** What the pages on agent updates tell people to type is there, with its options. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { CommandModule } from '../../src/cli/command.ts';
import { updates } from '../../src/commands/updates.ts';

const pages = [
  'README.md',
  'docs/updates.md',
  'docs/updates-keys.md',
  'docs/updates-threat-model.md',
  'docs/updates-troubleshooting.md',
  'agents/host/courier-update.md',
];

/** The words behind `updates` of each command line in a page. */
function readCommands(page: string): readonly (readonly string[])[] {
  const lines = readFileSync(page, 'utf8').matchAll(/(?:`|courier )updates ([a-z][^`#|\n]*)/g);
  return [...lines].map(([, words = '']) => words.split('&&')[0]?.trim().split(/\s+/) ?? []);
}

/** Undefined where there is no such command. */
async function findCommand(words: readonly string[]) {
  let command: CommandModule | undefined = updates;
  let rest = words;
  while (command?.commands !== undefined && rest.length > 0) {
    command = await command.commands[rest[0] ?? '']?.load();
    rest = rest.slice(1);
  }
  return command;
}

/** `dry-run` is `dryRun` in a table of options. */
function toKey(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

for (const page of pages) {
  test(`each command of updates in ${page} is there, with its options`, async () => {
    const wrong: string[] = [];
    for (const words of readCommands(page)) {
      const command = await findCommand(words);
      const names = words.flatMap((word) => /^--([a-z-]+)/.exec(word)?.[1] ?? []).map(toKey);
      const isThere = names.every((name) => name in (command?.options ?? {}));
      if (command === undefined || !isThere) wrong.push(words.join(' '));
    }
    assert.deepEqual(wrong, []);
  });
}
