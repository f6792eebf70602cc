/** What differs from where the work began, by git. */

import { spawnSync } from 'node:child_process';

function git(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('git', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`git ${args[0]}: ${stderr.trim()}`);
  return stdout;
}

/** Where this branch left the main one; on that itself what is not committed, or the last commit. */
function findBase(): string {
  const head = git('rev-parse', 'HEAD').trim();
  for (const name of ['origin/HEAD', 'origin/main', 'main']) {
    const { status, stdout } = spawnSync('git', ['merge-base', 'HEAD', name], { encoding: 'utf8' });
    if (status === 0 && stdout.trim() !== head) return stdout.trim();
  }
  if (git('status', '--porcelain') !== '') return 'HEAD';
  const { status } = spawnSync('git', ['rev-parse', '--verify', '-q', 'HEAD~1']);
  return status === 0 ? 'HEAD~1' : 'HEAD';
}

/**
 * Files that are changed, new or renamed since `since`, committed or not.
 *
 * @param since a commit; undefined: where the branch began, or the last commit
 */
export function findChangedFiles(since: string | undefined): readonly string[] {
  const changed = git('diff', '--name-only', '-z', '--no-renames', since ?? findBase(), '--');
  const untracked = git('ls-files', '--others', '--exclude-standard', '-z');
  return [...new Set(`${changed}${untracked}`.split('\0').filter(Boolean))].sort();
}
