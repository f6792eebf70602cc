/** TAB, typed at real shells on a terminal. */

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { skipWithout } from '../../helpers/required-peer.ts';
import { courier, runCourier, start } from '../../helpers/run-program.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';

const typist = fileURLToPath(new URL('../../fixtures/programs/typist.py', import.meta.url));
const prompt = 'READY> ';

/** Which file a shell reads when it starts, what stands in it ahead of the script, and how it is started. */
const shells = {
  bash: { file: 'rc', head: `PS1='${prompt}'\n`, command: ['bash', '--rcfile', 'rc', '-i'] },
  zsh: {
    file: '.zshrc',
    head: `PROMPT='${prompt}'\nautoload -Uz compinit; compinit -u -D\n`,
    command: ['zsh', '-i'],
  },
  fish: {
    file: 'rc',
    head: `function fish_prompt; echo -n '${prompt}'; end\n`,
    command: ['fish', '-C', 'source rc'],
  },
} as const;

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
async function makeHome(t: TestContext, shell: keyof typeof shells): Promise<string> {
  const home = await makeTempDir(t);
  const { file, head } = shells[shell];
  const { stdout } = await runCourier(['completion', shell]);
  writeFileSync(join(home, file), `${head}${stdout}`);
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

for (const [shell, { command }] of Object.entries(shells)) {
  test(`${shell} completes verbs, options, values, hosts and files`, {
    skip: skipWithout('python3') || skipWithout(shell),
    timeout: 120_000,
  }, async (t) => {
    if (shell !== 'bash' && shell !== 'zsh' && shell !== 'fish') return;
    const home = await makeHome(t, shell);
    const env = {
      PATH: `${home}:${process.env['PATH']}`,
      HOME: home,
      TERM: 'xterm',
      LC_ALL: 'C.UTF-8',
    };
    for (const [keys, ran] of Object.entries(typed)) {
      const { ended } = start('python3', [typist, prompt, keys, ...command], { cwd: home, env });
      const { stdout } = await ended;
      const tilde = `${stdout}`.replaceAll('=~/', '=HOME/').replaceAll(home, 'HOME');
      assert.equal(tilde, ran, keys);
    }
  });
}
