/** What may be a secret is struck out of what is given away, known to us or not. */

import { redactSecrets } from '../../faults/redaction.ts';

/** Words after which a secret may stand, in configuration and in logs. */
const sensitive =
  /passw|passphrase|token|secret|bearer|authorization|private|api.?key|credential|cookie|community/i;

/** Options that name a file, an ID or a number, not the secret itself. */
const harmless = /^\s*-?\s*["']?[\w-]*(?:file|id|rate)["']?\s*:/i;

/** Where blanks would be, dots: a PEM block is more than its first line. */
const pemBlock = /-----BEGIN [A-Z ]+-----[\s\S]*?(?:-----END [A-Z ]+-----|$)/g;

/** Long and with a digit in it: a key, a hash, a token. */
const longRun = /(?<![\w/+=.-])[\w+/=]{20,}(?![\w])/g;

export function scrub(text: string): string {
  return redactSecrets(text).replace(pemBlock, '[secret]').split('\n').map(scrubLine).join('\n');
}

function scrubLine(line: string): string {
  if (sensitive.test(line) && !harmless.test(line) && !isLogLine(line)) {
    return `${/^\s*/.exec(line)?.[0] ?? ''}[a line that may hold a secret]`;
  }
  return strike(line);
}

/** Our own log tells no secret; a field of it that is named like one goes all the same. */
function isLogLine(line: string): boolean {
  return line.startsWith('{"level":');
}

function strike(line: string): string {
  return line
    .replace(/\/\/[^/\s@"']*@/g, '//[secret]@')
    .replace(/([?&][\w-]+=)[^&\s"']+/g, '$1[secret]')
    .replace(
      /("[^"]*(?:passw|passphrase|token|secret|authorization|key|cookie)[^"]*":\s*)"[^"]*"/gi,
      '$1"[secret]"',
    )
    .replace(/((?:passw\w*|passphrase|token|secret|bearer)\s*[=: ]\s*)[^\s"',;]+/gi, '$1[secret]')
    .replace(longRun, (run) => (/\d/.test(run) && !run.startsWith('/') ? '[secret]' : run));
}
