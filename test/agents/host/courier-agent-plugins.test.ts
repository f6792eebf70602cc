import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '../../helpers/wait-until.ts';
import {
  runAgent,
  sectionLines,
  testInShells,
  toLines,
  writeScript,
} from './courier-agent-shells.ts';

testInShells(
  'plug-ins are run, each ending its last line, behind the local checks',
  (shell, directories) => {
    const plugins = join(directories.root, 'plugins');
    mkdirSync(plugins);
    writeScript(join(plugins, 'a'), "printf '<<<a>>>\\nunfinished'");
    writeScript(join(plugins, 'b'), "echo '<<<b>>>'", 'echo "$MK_CONFDIR"');
    writeFileSync(join(plugins, 'c.sh'), 'never run');
    const lines = toLines(runAgent(shell, directories).stdout);
    const from = lines.indexOf('<<<local:sep(0)>>>');
    assert.deepEqual(lines.slice(from), [
      '<<<local:sep(0)>>>',
      '<<<a>>>',
      'unfinished',
      '<<<b>>>',
      '/etc/check_mk',
    ]);
  },
);

testInShells(
  'a plug-in below a number runs in the background, and its output is shown with its age',
  async (shell, directories) => {
    const { local, root } = directories;
    for (const path of ['plugins/300', 'plugins/3x', 'local/60']) {
      mkdirSync(join(root, path), { recursive: true });
    }
    writeScript(
      join(root, 'plugins/300/slow'),
      `echo run >>'${root}/runs'`,
      "printf '<<<slow:sep(9)>>>\\nrow\\n<<<<other>>>>\\n<<<df>>>\\n<<<<>>>>\\n<<<old:cached(1,2)>>>\\n'",
    );
    writeScript(join(root, 'plugins/3x/no'), "echo '<<<no>>>'");
    writeScript(join(local, '60/check'), `echo '0 "Backup" - done'`);
    const first = runAgent(shell, directories).stdout;
    assert.deepEqual(sectionLines(first, '<<<local:sep(0)>>>'), []);
    const caches = ['plugins-300-slow', 'local-60-check'].map((name) =>
      join(root, 'cache', `courier-${name}`),
    );
    await waitUntil(() =>
      caches.every((path) => existsSync(path) && !existsSync(`${path}.running`)),
    );
    const when = 1_700_000_000;
    const [slow = '', check = ''] = caches;
    const age = async (path: string, seconds: number) => {
      const at = Math.floor(Date.now() / 1000) - seconds;
      utimesSync(path, at, at);
      return at;
    };
    const [slowAt, checkAt] = [await age(slow, 100), await age(check, 30)];
    const { stdout } = runAgent(shell, directories);
    assert.deepEqual(toLines(stdout).slice(toLines(stdout).indexOf('<<<local:sep(0)>>>')), [
      '<<<local:sep(0)>>>',
      `cached(${checkAt},60) 0 "Backup" - done`,
      `<<<slow:sep(9):cached(${slowAt},300)>>>`,
      'row',
      '<<<<other>>>>',
      `<<<df:cached(${slowAt},300)>>>`,
      '<<<<>>>>',
      '<<<old:cached(1,2)>>>',
    ]);
    assert.equal(readFileSync(join(root, 'runs'), 'utf8'), 'run\n');
    utimesSync(slow, when, when);
    assert.doesNotMatch(runAgent(shell, directories).stdout, /slow/);
    await waitUntil(() => readFileSync(join(root, 'runs'), 'utf8') === 'run\nrun\n');
    await waitUntil(() => !existsSync(`${slow}.running`));
  },
);

testInShells(
  'one that still runs is not started again, and one that was killed is',
  async (shell, directories) => {
    const { root } = directories;
    mkdirSync(join(root, 'plugins/300'), { recursive: true });
    const cache = join(root, 'cache/courier-plugins-300-slow');
    writeScript(join(root, 'plugins/300/slow'), "echo '<<<slow>>>'");
    mkdirSync(`${cache}.running`, { recursive: true });
    writeFileSync(join(`${cache}.running`, 'pid'), `${process.pid}\n`);
    runAgent(shell, directories);
    assert.equal(existsSync(cache), false);
    const old = Date.now() / 1000 - 800;
    utimesSync(`${cache}.running`, old, old);
    runAgent(shell, directories);
    await waitUntil(() => existsSync(cache) && !existsSync(`${cache}.running`));
    rmSync(cache);
    mkdirSync(`${cache}.running`);
    writeFileSync(join(`${cache}.running`, 'pid'), '999999999\n');
    runAgent(shell, directories);
    await waitUntil(() => existsSync(cache) && !existsSync(`${cache}.running`));
  },
);
