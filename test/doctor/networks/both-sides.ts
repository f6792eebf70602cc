/** `doctor` in the namespace of the site, and the host half in that of the host. */

import type { ChildProcess } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { RawOptions } from '../../../src/cli/options.ts';
import { doctorFile } from '../../agents/host/courier-doctor-hosts.ts';
import { hostAddress, type NetworkBed, siteAddress } from './bed.ts';

const program = fileURLToPath(new URL('doctor-there.ts', import.meta.url));

export interface Answer {
  readonly exit: number;
  readonly ms: number;
  readonly failure?: string;
  readonly output: string;
}

/** A `doctor` that is started once: starting it takes longer than looking. */
export class SiteDoctor {
  readonly child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor(bed: NetworkBed) {
    this.child = bed.start('site', [process.execPath, program]);
    const input: Readable = this.child.stdout ?? fail();
    this.#answers = createInterface({ input })[Symbol.asyncIterator]();
  }

  async run(operands: readonly string[], options: RawOptions, env = {}): Promise<Answer> {
    this.child.stdin?.write(`${JSON.stringify({ operands, options, env })}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error('the doctor has ended');
    return JSON.parse(value);
  }

  async look(options: RawOptions): Promise<Answer> {
    return this.run(['web01'], {
      address: [hostAddress],
      json: ['true'],
      connectTimeout: ['1s'],
      deadline: ['4s'],
      ...options,
    });
  }
}

function fail(): never {
  throw new Error('there is no pipe');
}

export const goodOutput = '<<<check_mk>>>\nVersion: 2.4.0\nAgentOS: linux\n<<<uptime>>>\n1 2\n';

/** The files of the host: what is not there is as on a host without it. */
export class HostFiles {
  readonly directory: string;
  readonly agent: string;
  readonly bin: string;
  readonly root: string;
  readonly #report: string;

  constructor(directory: string) {
    this.directory = directory;
    this.bin = join(directory, 'bin');
    this.root = join(directory, 'root');
    this.agent = join(this.bin, 'check_mk_agent');
    this.#report = join(directory, 'report.json');
    mkdirSync(this.bin, { recursive: true });
    writeFileSync(join(directory, 'output'), goodOutput);
    this.reset();
  }

  /** A good agent, and nothing else. */
  reset(): void {
    for (const name of ['etc/xinetd.d', 'var']) {
      rmSync(join(this.root, name), { recursive: true, force: true });
      mkdirSync(join(this.root, name), { recursive: true });
    }
    this.setAgent(`#!/bin/sh\nexec cat ${this.directory}/output\n`);
  }

  /** Undefined: there is none. */
  setAgent(script: string | undefined): void {
    rmSync(this.agent, { force: true });
    if (script !== undefined) writeFileSync(this.agent, script, { mode: 0o755 });
  }

  /** Runs the host half there; the file that its report is in. */
  async report(bed: NetworkBed, args: readonly string[] = [], wrap: readonly string[] = []) {
    const paths = [
      `COURIER_DOCTOR_PATH=${this.bin}:/usr/sbin:/usr/bin:/sbin:/bin`,
      `COURIER_DOCTOR_ROOT=${this.root}`,
    ];
    const asked = ['--json', '--host=web01', `--site-address=${siteAddress}`, ...args];
    const command = [...wrap, 'env', ...paths, 'dash', doctorFile, ...asked];
    const said = await bed.output('host', command);
    writeFileSync(this.#report, said);
    return this.#report;
  }
}
