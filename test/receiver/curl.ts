/** curl as a second client, which knows nothing of us. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { start } from '../helpers/run-program.ts';
import type { RunningReceiver } from './running-receiver.ts';

export interface Said {
  readonly status: number;
  readonly body: string;
}

/** Uploads a file as the README shows it; the server certificate is verified. */
export async function curlUpload(
  running: RunningReceiver,
  host: string,
  body: Buffer | string,
  args: readonly string[] = [],
): Promise<Said> {
  const file = join(running.directory, 'body');
  await writeFile(file, body);
  const url = `https://localhost:${running.port}/v1/hosts/${host}/agent-output`;
  return curl(running, [url, '-T', file, ...args]);
}

export async function curl(running: RunningReceiver, args: readonly string[]): Promise<Said> {
  const ca = join(running.directory, 'ca.pem');
  await writeFile(ca, running.certificates.rootCert);
  const always = ['--silent', '--show-error', '--path-as-is', '--cacert', ca];
  const connect = ['--connect-to', 'localhost::127.0.0.1:'];
  const { stdout, stderr, code } = await start('curl', [
    ...always,
    ...connect,
    '--write-out',
    '\n%{http_code}',
    ...args,
  ]).ended;
  if (code !== 0) throw new Error(`curl: exit code ${code}: ${stderr}`);
  const text = stdout.toString();
  const cut = text.lastIndexOf('\n');
  return { status: Number(text.slice(cut + 1)), body: text.slice(0, cut) };
}
