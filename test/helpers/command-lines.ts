/** The argument lists of this process and of everything it has started, as anybody can read them. */

import { readdir, readFile } from 'node:fs/promises';

/** One text a process, arguments parted by blanks. Linux only. */
export async function readCommandLines(): Promise<readonly string[]> {
  const parents = await readParents();
  const family = [...parents.keys()].filter((pid) => isBelow(pid, process.pid, parents));
  const lines = await Promise.all(family.map((pid) => readProcFile(pid, 'cmdline')));
  return lines.map((line) => line.replaceAll('\0', ' ').trim()).filter((line) => line !== '');
}

async function readParents(): Promise<ReadonlyMap<number, number>> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = await Promise.all(
    pids.map(async (pid): Promise<readonly [number, number]> => [pid, await readParent(pid)]),
  );
  return new Map(parents);
}

/** The program's name in parentheses may hold anything, so count from its end: proc(5). */
async function readParent(pid: number): Promise<number> {
  const stat = await readProcFile(pid, 'stat');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0);
}

/** Processes end while we look: then there is nothing to read. */
async function readProcFile(pid: number, name: string): Promise<string> {
  return readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
}

function isBelow(pid: number, ancestor: number, parents: ReadonlyMap<number, number>): boolean {
  let current = pid;
  while (current > 0 && current !== ancestor) current = parents.get(current) ?? 0;
  return current === ancestor;
}
