/** The one text in which rsync wants to be told how to call ssh. */

/**
 * The value of `--rsh`. rsync splits it itself, at blanks that are not within quotes; a quote
 * within such quotes is written twice, and nothing else has a meaning (rsync(1), --rsh).
 *
 * @param args for ssh; rsync adds the host and the command
 */
export function toRemoteShell(args: readonly string[]): string {
  return ['ssh', ...args, '--'].map(quoteWord).join(' ');
}

function quoteWord(word: string): string {
  return /^[\w./:=@,%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "''")}'`;
}
