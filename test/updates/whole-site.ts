/** A site that updates agents and a host of it, both as the programs an administrator has: nothing is simulated. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findFreePort } from '../helpers/free-port.ts';
import { courier, type Ended, start } from '../helpers/run-program.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

interface Owner {
  after(cleanUp: () => Promise<void>): void;
}

export interface WholeSite {
  readonly directory: string;
  readonly url: string;
  /** Runs `cmk-courier updates …` with the passphrase of its keys; fails unless it succeeds. */
  updates(...words: readonly string[]): Promise<string>;
  /** The same without the passphrase, for commands that sign nothing. */
  tell(...words: readonly string[]): Promise<string>;
  /** The row of a host in the status table. */
  status(host: string): Promise<HostRow>;
  /** What runs on the host: `rules` of updates.yaml. */
  wish(rules: object): void;
  /** Bake, sign, publish; of the site itself unless another state is named. */
  release(state?: string): Promise<void>;
  host(name: string): Promise<WholeHost>;
}

/** What the table says, as far as scenarios compare it. */
export interface HostRow {
  readonly state: string;
  readonly decision: string;
  readonly target: number | undefined;
  readonly installed: number | undefined;
  readonly rootVersion: number | null;
  readonly code: string | null;
}

export interface WholeHost {
  readonly base: string;
  readonly programs: string;
  /** Runs `courier-update MODE`, whatever comes of it. */
  run(...words: readonly string[]): Promise<Ended>;
  /** Agent output as the site fetches it, by `cmk-courier fetch`. */
  fetch(): Promise<string>;
}

export async function startWholeSite(owner: Owner): Promise<WholeSite> {
  const directory = await makeTempDir(owner);
  chmodSync(directory, 0o700);
  const inside = (name: string) => join(directory, name);
  const passphrase = inside('passphrase');
  writeFileSync(passphrase, 'correct horse battery staple\n', { mode: 0o600 });
  writeFileSync(inside('hosts.txt'), 'web01 -\n');
  const must = async (args: readonly string[]) => {
    const { code, stderr, stdout } = await start(courier, args).ended;
    assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
    return stdout.toString();
  };
  const own = inside('updates');
  const tellIn = (state: string, words: readonly string[]) =>
    must(['updates', ...words, `--dir=${state}`]);
  const tell = (...words: readonly string[]) => tellIn(own, words);
  const secret = `--passphrase-file=${passphrase}`;
  const updates = (...words: readonly string[]) => tellIn(own, [...words, secret]);
  const port = await findFreePort();
  const url = `https://127.0.0.1:${port}`;
  await must(['certs', 'init', `--dir=${inside('certs')}`, '--site=mysite', '--name=127.0.0.1']);
  await updates('root', 'init', `--server=${url}`, `--ca=${inside('certs/ca.pem')}`);
  await serve(owner, directory, port);
  return {
    directory,
    url,
    updates,
    tell,
    status: async (host) => toRow(await tell('status', host, '--json')),
    wish: (rules) => {
      writeFileSync(
        inside('updates.yaml'),
        JSON.stringify({ hostList: 'hosts.txt', rules: [rules] }),
      );
    },
    release: async (state = own) => {
      await tellIn(state, ['bake', `--updates=${inside('updates.yaml')}`]);
      await tellIn(state, ['sign', secret]);
      await tellIn(state, ['publish']);
    },
    host: (name) => makeHost({ directory, tell }, name),
  };
}

async function serve(owner: Owner, directory: string, port: number): Promise<void> {
  const inside = (name: string) => join(directory, name);
  const args = [
    ['site', 'mysite'],
    ['listen', `127.0.0.1:${port}`],
    ['certificates', inside('certs')],
    ['spool', inside('spool')],
    ['state', inside('state')],
    ['updates', inside('updates')],
  ].map(([name, value]) => `--${name}=${value}`);
  const receiver = spawn(courier, ['receive', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  owner.after(async () => {
    receiver.kill('SIGTERM');
    if (receiver.exitCode === null) await once(receiver, 'exit');
  });
  let said = '';
  for await (const piece of receiver.stderr) {
    said += String(piece);
    if (said.includes('hosts can send')) break;
  }
  assert.match(said, /hosts can send/);
  receiver.stderr.resume();
}

async function makeHost(
  { directory, tell }: Pick<WholeSite, 'directory' | 'tell'>,
  name: string,
): Promise<WholeHost> {
  const place = join(directory, `host-${name}`);
  const [base, programs] = [join(place, 'opt'), join(place, 'bin')];
  mkdirSync(programs, { recursive: true });
  const script = join(place, 'installer');
  await tell('installer', name, `--output=${script}`);
  const options = [`--base=${base}`, `--programs=${programs}`];
  const { code, stderr } = await start('sh', [script, ...options]).ended;
  assert.equal(code, 0, stderr);
  return toHost(name, base, programs);
}

/** A host on which the updater is installed, by where it is. */
export function toHost(name: string, base: string, programs: string): WholeHost {
  return {
    base,
    programs,
    run: (...words) => start(join(programs, 'courier-update'), [...words, `--base=${base}`]).ended,
    fetch: async () => {
      const source = `exec:${join(programs, 'check_mk_agent')}`;
      const {
        code: ended,
        stderr: line,
        stdout,
      } = await start(courier, ['fetch', `--host=${name}`, source]).ended;
      assert.equal(ended, 0, line);
      return stdout.toString();
    },
  };
}

function toRow(text: string): HostRow {
  const { hosts } = JSON.parse(text);
  const [{ code, decision, installed, rootVersion, state, target }] = hosts;
  return {
    state,
    decision,
    target: target?.counter,
    installed: installed?.counter,
    rootVersion,
    code,
  };
}

/** A plug-in that says a word. */
export function saying(word: string): object {
  return {
    agent: 'courier-agent',
    plugins: { word: { content: `#!/bin/sh\necho '<<<word>>>'\necho ${word}\n` } },
    selfTest: '20s',
    updater: { schedule: 'external' },
  };
}

/** Somebody who has the keys of a site as they were at that moment, their passphrase, and its server. */
export function steal(site: WholeSite) {
  const loot = join(site.directory, 'loot');
  const own = join(site.directory, 'updates');
  cpSync(own, loot, { recursive: true, preserveTimestamps: true });
  return {
    /** Publishes a release that the stolen key has signed. */
    plant: async (word: string): Promise<void> => {
      site.wish(saying(word));
      await site.release(loot);
      for (const name of ['targets', 'packages', 'published']) {
        cpSync(join(loot, name), join(own, name), { recursive: true });
      }
    },
  };
}
