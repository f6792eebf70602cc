/** The executable has two programs: one with every command, and the one that runs each minute. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { bundleProgram, separateLibraries } from '../../.tools/bundle.ts';
import { oftenCommands } from '../../.tools/executable/executable.ts';

test('what runs for each host and minute has its commands and nothing of the others, and is less than half', async () => {
  const libraries = separateLibraries();
  const whole = await bundleProgram(libraries);
  const often = await bundleProgram(libraries, oftenCommands);
  assert.ok(often.length < whole.length / 2, `${often.length} of ${whole.length} bytes`);
  // Words of a fetch, of a special agent, of the collector, and of the receiver.
  const words = [
    'fetch --host=NAME',
    'agent record my_array',
    'hosts are not looked after',
    'hosts can send',
  ];
  assert.deepEqual(
    words.map((word) => [whole.includes(word), often.includes(word)]),
    [
      [true, true],
      [true, true],
      [true, false],
      [true, false],
    ],
  );
});

test('the launcher takes the smaller program for the commands that are in it', async () => {
  const launcher = new URL('../../.tools/executable/launcher.cjs', import.meta.url);
  const [, list = ''] = /isOften = \[([^\]]*)\]/.exec(await readFile(launcher, 'utf8')) ?? [];
  assert.deepEqual(list.replaceAll("'", '').split(', '), [...oftenCommands]);
});

test('an import of what Node has, in the midst of work, copies its exports no more than once', async () => {
  const often = await bundleProgram(separateLibraries(), oftenCommands);
  assert.match(often, /\(init_node_zlib\(\),node_zlib_exports\)/);
  assert.doesNotMatch(often, /\.then\(\(\)=>__toESM\(require\("node:/);
});
