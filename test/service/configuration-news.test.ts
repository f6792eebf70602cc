import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { StartConfiguration } from '../../src/cli/command.ts';
import { collect } from '../../src/commands/collect.ts';
import { findConfigurationNews } from '../../src/service/configuration-news.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

/** A file, and what a collector that has started with it remembers. */
async function start(t: TestContext, text: string, changes: Partial<StartConfiguration> = {}) {
  const path = join(await makeTempDir(t), 'collector.yaml');
  const write = (content: string) => writeFileSync(path, content, { mode: 0o600 });
  write(text);
  const options = await collect.file.read(path);
  const configuration = { path, isNamed: false, options, overridden: [], ...changes };
  const look = async () => {
    const { changed, fault } = await findConfigurationNews(configuration, collect.file);
    return { changed, fault: fault && `${fault.message} (${fault.code})` };
  };
  return { path, write, look };
}

test('a file in which no option has changed brings no news, whatever else is in it', async (t) => {
  const { write, look } = await start(t, 'spool-size: 5GB\npool-network: [dmz, lab]\n');
  assert.deepEqual(await look(), { changed: [], fault: undefined });
  write('# nothing new\npool-network:\n  - dmz\n  - lab\nspool-size: 5GB\n');
  assert.deepEqual(await look(), { changed: [], fault: undefined });
});

test('keys that are new, gone or changed are named, but for those that the command line has', async (t) => {
  const { path, write, look } = await start(t, 'spool-size: 5GB\nready: /a\nroutes: /r\n', {
    overridden: ['routes'],
  });
  write('spool-size: 6GB\nroutes: /s\nstatus-listen: ":6780"\n');
  assert.deepEqual(await look(), {
    changed: ['ready', 'spool-size', 'status-listen'],
    fault: undefined,
  });
  rmSync(path);
  assert.deepEqual((await look()).changed, ['ready', 'spool-size']);
});

test('a file that the next start would refuse is told, also one that was named and is gone', async (t) => {
  const { path, write, look } = await start(t, 'ready: /a\n', { isNamed: true });
  write('redy: /a\n');
  assert.deepEqual(await look(), {
    changed: [],
    fault: `${path}:1: unknown key "redy"; is ready meant? (CONFIG)`,
  });
  rmSync(path);
  const { fault = '' } = await look();
  assert.match(fault, /collector\.yaml: no such file or directory \(LOCAL\)$/);
});
