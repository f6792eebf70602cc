/** Sealed drops by the `openssl` command and text tools alone: the other author of every drop. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runOpenssl } from '../certs/openssl.ts';

export interface OpensslSealing {
  readonly host: string;
  /** 14 digits. */
  readonly produced: string;
  readonly output: Buffer;
  /** PEM of the host's private key. */
  readonly privateKey: string;
  /** PEM of the site's public key; left out, the body is not encrypted. */
  readonly recipient?: string;
}

/** Runs openssl in one directory, where all files on the way are. */
class Workplace {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  run(line: string): string {
    return runOpenssl(this.#directory, line.split(' ')).trim();
  }

  put(name: string, bytes: Buffer | string): void {
    writeFileSync(join(this.#directory, name), bytes);
  }

  read(name: string): Buffer {
    return readFileSync(join(this.#directory, name));
  }

  digestOf(file: string): string {
    return this.run(`dgst -sha256 ${file}`).replace(/.*= /, '');
  }

  idOf(key: string): string {
    this.run(`pkey ${key} -pubout -outform DER -out public.der`);
    return this.digestOf('public.der');
  }
}

/** @param directory for files on the way */
export function sealByOpenssl(directory: string, sealing: OpensslSealing): Buffer {
  const { host, produced, output, privateKey, recipient } = sealing;
  const at = new Workplace(directory);
  at.put('host.pem', privateKey);
  at.put('body', output);
  const encryption = recipient === undefined ? ['encryption none'] : encrypt(at, host, recipient);
  const file = recipient === undefined ? 'body' : 'body.enc';
  const body = at.read(file);
  const payload = [
    'format cmk-courier-drop/1',
    `host ${host}`,
    `produced ${produced}`,
    `body-size ${body.length}`,
    `body-sha256 ${at.digestOf(file)}`,
    'content-encoding identity',
    ...encryption,
    '',
  ].join('\n');
  at.put('payload', payload);
  at.run('dgst -sha256 -sign host.pem -out signature payload');
  const signature = at.run('base64 -in signature');
  const head = `${payload}-- signatures\nkey ${at.idOf('-in host.pem')}\n${signature}\n-- body\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

/** Leaves the encrypted body in a file, and returns the lines of the header. */
function encrypt(at: Workplace, host: string, recipient: string): readonly string[] {
  at.put('site.pem', recipient);
  at.put('line', `${at.run('rand -hex 32')} ${host}`);
  at.run('enc -aes-256-cbc -md sha256 -pass file:line -in body -out body.enc');
  const oaep = '-pkeyopt rsa_padding_mode:oaep';
  at.run(`pkeyutl -encrypt -pubin -inkey site.pem ${oaep} -in line -out wrapped`);
  const wrapped = at.run('base64 -in wrapped').split('\n');
  return [
    'encryption aes-256-cbc+rsa-oaep',
    `recipient ${at.idOf('-pubin -in site.pem')}`,
    'wrapped-key',
    ...wrapped.map((line) => `+${line}`),
  ];
}
