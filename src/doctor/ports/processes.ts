/** Which process a socket belongs to, by /proc/PID/fd (proc(5)); others' are seen by root alone. */

import { readDirectory, readLink, readWholeFile } from '../../files/file-calls.ts';

/** Names of processes by the inode of a socket they hold, such as `cmk-agent-ctl (712)`. */
export async function findHolders(
  inodes: ReadonlySet<string>,
): Promise<ReadonlyMap<string, string>> {
  const holders = new Map<string, string>();
  const entries = await readDirectory('/proc').catch(() => []);
  for (const pid of entries.filter((name) => /^\d+$/.test(name))) {
    const held = (await socketsOf(pid)).filter((inode) => inodes.has(inode));
    if (held.length === 0) continue;
    const name = await readWholeFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
    // The first one is the oldest, whose children have it from.
    for (const inode of held) {
      if (!holders.has(inode)) holders.set(inode, `${name.trim() || '?'} (${pid})`);
    }
  }
  return holders;
}

async function socketsOf(pid: string): Promise<readonly string[]> {
  const directory = `/proc/${pid}/fd`;
  const names = await readDirectory(directory).catch(() => []);
  const links = await Promise.all(
    names.map((name) => readLink(`${directory}/${name}`).catch(() => '')),
  );
  return links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
}
