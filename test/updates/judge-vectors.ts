/** Both ends' verdicts on documents: src/updates/documents/ and agents/host/courier-update. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CourierError } from '../../src/faults/errors.ts';
import { openFirstRoot, openNextRoot } from '../../src/updates/documents/root-chain.ts';
import { readStamp } from '../../src/updates/documents/stamp.ts';
import { readTarget } from '../../src/updates/documents/target.ts';
import { openDocument } from '../../src/updates/documents/verifying.ts';
import type { Vector } from './make-vectors.ts';

export type Verdict = 'good' | 'refused';

/** A document below a directory, and the root there that it is judged by. */
export type Case = Pick<Vector, 'file' | 'kind' | 'judgedBy'>;

/** What the server makes of each; anything but a refusal fails the test. */
export async function judgeHere(
  directory: string,
  cases: readonly Case[],
): Promise<readonly Verdict[]> {
  return Promise.all(
    cases.map(async ({ file, kind, judgedBy }): Promise<Verdict> => {
      const bytes = await readFile(join(directory, file));
      try {
        if (judgedBy === '-') await openFirstRoot(bytes);
        else await judge(bytes, kind, await readFile(join(directory, judgedBy)));
        return 'good';
      } catch (error) {
        if (error instanceof CourierError && error.code !== 'INTERNAL') return 'refused';
        throw error;
      }
    }),
  );
}

async function judge(bytes: Buffer, kind: Case['kind'], by: Buffer): Promise<void> {
  const root = await openFirstRoot(by);
  if (kind === 'root') await openNextRoot(bytes, root);
  else if (kind === 'target') readTarget(await openDocument(bytes, kind, root));
  else readStamp(await openDocument(bytes, kind, root));
}

const client = resolve('agents/host/courier-update');

/** Uses the functions of the client, each document in a shell of its own. */
const program = `
COURIER_UPDATE_LIBRARY=yes
. "$1"
set_up_environment
state=$2 work=$2/work
mkdir "$work" "$work/none"
log() { :; }
judge() {
    case $judged_by:$kind in
        -:*) open_first_root "$3/$file" "$work/first" ;;
        *:root) open_next_root "$3/$file" "$work/next" ;;
        *:target) check_size "$3/$file" 16384 target && verify_signatures "$3/$file" "$r_release" "$r_threshold_release" target "$trust" && read_target ;;
        *:stamp) check_size "$3/$file" 8192 stamp && verify_signatures "$3/$file" "$r_stamp" "$r_threshold_stamp" stamp "$trust" && read_stamp ;;
    esac
}
opened=-
while read -r file kind judged_by; do
    # A root is taken apart once for all that it judges. What is called must not eat the list.
    if [ "$judged_by" != - ] && [ "$judged_by" != "$opened" ]; then
        open_first_root "$3/$judged_by" "$work/trust" </dev/null || exit
        opened=$judged_by
    fi
    if (judge "$@" </dev/null); then echo good; else echo refused; fi
done <"$2/cases"
`;

/** What the client makes of each, under one shell. */
export async function judgeInShell(
  shell: readonly string[],
  { directory, scratch }: { readonly directory: string; readonly scratch: string },
  cases: readonly Case[],
): Promise<readonly string[]> {
  const lines = cases.map(({ file, kind, judgedBy }) => `${file} ${kind} ${judgedBy}\n`);
  await writeFile(join(scratch, 'cases'), lines.join(''));
  const [name = 'sh', ...flags] = shell;
  const child = spawn(
    name,
    [...flags, '-c', program, 'judge', client, scratch, resolve(directory)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  await once(child, 'close');
  return output.split('\n').slice(0, -1);
}
