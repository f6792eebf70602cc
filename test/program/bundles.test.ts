/** The executable has two programs: one with every command, and the one that runs each minute. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundleProgram, separateLibraries } from '../../.tools/bundle.ts';

test('what runs for each host and minute has its commands and nothing of the others, and is less than half', async () => {
  const libraries = separateLibraries();
  const whole = await bundleProgram(libraries);
  const often = await bundleProgram(libraries, ['fetch', 'hostcheck']);
  assert.ok(often.length < whole.length / 2, `${often.length} of ${whole.length} bytes`);
  // Words of a fetch, of the collector, and of the receiver.
  const words = ['fetch --host=NAME', 'hosts are not looked after', 'hosts can send'];
  assert.deepEqual(
    words.map((word) => [whole.includes(word), often.includes(word)]),
    [
      [true, true],
      [true, false],
      [true, false],
    ],
  );
});

test('an import of what Node has, in the midst of work, copies its exports no more than once', async () => {
  const often = await bundleProgram(separateLibraries(), ['fetch', 'hostcheck']);
  assert.match(often, /\(init_node_zlib\(\),node_zlib_exports\)/);
  assert.doesNotMatch(often, /\.then\(\(\)=>__toESM\(require\("node:/);
});
