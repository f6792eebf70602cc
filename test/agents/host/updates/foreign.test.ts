/** A host on which Checkmk's own updater is active. */

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Host } from './host.ts';
import { makeRelease } from './packages.ts';

test("MG-3: the client stops while Checkmk's own updater is active, says so, and goes on when it is not", async (t) => {
  const host = new Host(t);
  host.trust();
  host.offer(makeRelease('1'));
  const library = join(host.root, 'library');
  const plugins = join(library, 'plugins', '3600');
  mkdirSync(plugins, { recursive: true });
  const plugin = join(plugins, 'cmk-update-agent');
  writeFileSync(plugin, '#!/bin/sh\n', { mode: 0o755 });
  const update = () => host.run(['update', `--inbox=${host.inbox}`], { MK_LIBDIR: library });
  const { status, stderr } = await update();
  const line = `courier-update: E-FOREIGN Checkmk's own updater is active on this host: ${plugin}; one of the two has to go\n`;
  assert.deepEqual([status, stderr], [3, line]);
  assert.equal(host.read('current'), '');
  const shown = await host.run(['status', '--json']);
  assert.match(shown.stdout, /"error": ?"E-FOREIGN Checkmk's own updater is active/);
  chmodSync(plugin, 0o644);
  assert.equal((await update()).status, 0);
});
