/** TAB, typed at real shells on a terminal. */

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { skipWithout } from '../../helpers/required-peer.ts';
import { courier, runCourier, start } from '../../helpers/run-program.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';

const typist = fileURLToPath(new URL('../../fixtures/programs/typist.py', import.meta.url));
const prompt = 'READY> ';

interface Way {
  readonly shell: 'bash' | 'zsh' | 'fish';
  readonly command: readonly string[];
  /** Files of the home, with SCRIPT for what the program prints. */
  readonly files: Readonly<Record<string, string>>;
}

const zshStart = `PROMPT='${prompt}'\nfpath=(~/.zfunc $fpath)\nautoload -Uz compinit; compinit -u -D\n`;

/** How people load the script. */
const ways: Readonly<Record<string, Way>> = {
  'bash by its rc file': {
    shell: 'bash',
    command: ['bash', '--rcfile', 'rc', '-i'],
    files: { rc: `PS1='${prompt}'\nSCRIPT` },
  },
  'zsh by its rc file': {
    shell: 'zsh',
    command: ['zsh', '-i'],
    files: { '.zshrc': `${zshStart}SCRIPT` },
  },
  'zsh by its fpath': {
    shell: 'zsh',
    command: ['zsh', '-i'],
    files: { '.zshrc': zshStart, '.zfunc/_cmk-courier': 'SCRIPT' },
  },
  'fish by its folder of completions': {
    shell: 'fish',
    command: ['fish'],
    files: {
      '.config/fish/config.fish': `function fish_prompt; echo -n '${prompt}'; end\n`,
      '.config/fish/completions/cmk-courier.fish': 'SCRIPT',
    },
  },
};

/** What is typed, and what the program gets. */
const typed: Readonly<Record<string, string>> = {
  'cmk-courier hosts rev\tdb\t': '[hosts] [revoke] [db1]',
  'cmk-courier fetch --host=db\t --pick=fr\t spoo\t':
    '[fetch] [--host=db1] [--pick=freshest] [spool:]',
  'cmk-courier fetch --host db\t --routes=~/rou\t':
    '[fetch] [--host] [db1] [--routes=HOME/routes.yaml]',
  'cmk-courier fetch --host=db1 https://depot --tok\tf\t~/rou\t':
    '[fetch] [--host=db1] [https://depot] [--token-file=HOME/routes.yaml]',
};

/** A home with a program that answers as ours does, and otherwise tells how it was called. */
async function makeHome(t: TestContext, { shell, files }: Way): Promise<string> {
  const home = await makeTempDir(t);
  const { stdout } = await runCourier(['completion', shell]);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(
      join(home, path),
      text.replace('SCRIPT', () => `${stdout}`),
    );
  }
  mkdirSync(join(home, '.config/cmk-courier'), { recursive: true });
  // Without it fish makes it in the background, and outlives its end.
  mkdirSync(join(home, '.local/share/fish/generated_completions'), { recursive: true });
  const routes = "routes: [{ hosts: [db1, web01, web02], sources: '/none/{host}' }]\n";
  for (const path of ['.config/cmk-courier/routes.yaml', 'routes.yaml']) {
    writeFileSync(join(home, path), routes, { mode: 0o600 });
  }
  const program = join(home, 'cmk-courier');
  writeFileSync(
    program,
    `#!/bin/sh
[ "$1 $2" = 'completion answer' ] && exec ${courier} "$@"
printf RAN; printf ' [%s]' "$@"; echo
`,
  );
  chmodSync(program, 0o755);
  return home;
}

for (const [name, way] of Object.entries(ways)) {
  test(`${name} completes verbs, options, values, hosts and files`, {
    skip: skipWithout('python3') || skipWithout(way.shell),
    timeout: 120_000,
  }, async (t) => {
    const home = await makeHome(t, way);
    const path = `${home}:${process.env['PATH']}`;
    const env = { PATH: path, HOME: home, TERM: 'xterm', LC_ALL: 'C.UTF-8' };
    for (const [keys, ran] of Object.entries(typed)) {
      const args = [typist, prompt, keys, ...way.command];
      const { stdout } = await start('python3', args, { cwd: home, env }).ended;
      // Some shells write out what ~ stands for.
      const called = `${stdout}`.replaceAll('=~/', '=HOME/').replaceAll(home, 'HOME');
      assert.equal(called, ran, keys);
    }
  });
}
