/** Peers of a site that fall ill and get well when a test says so. */

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { findFreePort, portOf } from '../helpers/free-port.ts';
import { startNameServer } from '../lookup/name-server.ts';
import { exchange, trustAnything } from '../peers/controller-client.ts';
import { type Sshd, startSshd } from '../peers/sshd.ts';
import { site as siteName, startReceiver } from '../receiver/running-receiver.ts';
import { makeOutput } from './running-collector.ts';

/** Whose hosts the site has; the names of hosts begin so. */
export const kinds = ['well', 'hang', 'dead', 'dns', 'peer', 'ssh', 'pushed'] as const;
export type Kind = (typeof kinds)[number];

export type Counts = Readonly<Record<Kind, number>>;

export function kindOf(host: string): Kind {
  const kind = kinds.find((one) => host.startsWith(`${one}-`));
  if (kind === undefined) throw new Error(`no host of this site: ${host}`);
  return kind;
}

/** Of a bad day; one of those who share the login is enough to hang. */
export function fallsIll(host: string): boolean {
  return ['hang', 'dead', 'dns', 'peer'].includes(kindOf(host)) || host === 'ssh-0';
}

/** Each host its own address, so that each is a peer of its own. */
export function addressOf(host: string, index: number): string {
  const network = 1 + kinds.indexOf(kindOf(host));
  return `127.${network}.${Math.floor(index / 200)}.${1 + (index % 200)}`;
}

export interface Peers {
  readonly ports: { readonly well: number; readonly dead: number; readonly peer: number };
  readonly sshd: Sshd;
  /** Where the receiver keeps what hosts push. */
  readonly pushed: string;
  readonly resolver: string;
  fallIll(): Promise<void>;
  getWell(): Promise<void>;
}

/** Names of those whose addresses only a name server knows end so. */
export const domain = 'bad-day.example';

/** Another run at the same time has another one. */
const nameServer = {
  address: `127.83.${Math.floor((process.pid % 40_000) / 200)}.${1 + (process.pid % 200)}`,
  port: 53,
};

export async function startPeers(t: TestContext, root: string, hosts: readonly string[]) {
  const day = { isBad: false };
  const answer = (server: Server) =>
    server.on('request', ({ url = '' }, response) => {
      const host = url.slice(1);
      const isStuck = day.isBad && fallsIll(host);
      if (!isStuck) say(response, host);
    });
  const [well, peer] = [
    await listen(t, answer(createServer())),
    await listen(t, answer(createServer())),
  ];
  const dead = await startMortal(t);
  const names = hosts.filter((host) => kindOf(host) === 'dns').map((host) => `${host}.${domain}`);
  const zone: Record<string, readonly string[] | 'silent'> = {};
  const setNames = (to: readonly string[] | 'silent') => {
    for (const name of names) zone[name] = to;
  };
  setNames(['127.0.0.1']);
  await startNameServer(t, zone, nameServer);
  const resolver = join(root, 'resolv.conf');
  writeFileSync(resolver, `nameserver ${nameServer.address}\noptions timeout:1 attempts:1\n`);
  const sshd = await startSshd();
  t.after(() => sshd.close());
  const bad = join(sshd.directory, 'bad');
  return {
    ports: { well, dead: dead.port, peer },
    sshd,
    bad,
    pushed: await startPushing(t, hosts),
    resolver,
    async fallIll() {
      day.isBad = true;
      setNames('silent');
      writeFileSync(bad, '');
      await dead.die();
    },
    async getWell() {
      day.isBad = false;
      setNames(['127.0.0.1']);
      writeFileSync(`${bad}.over`, '');
      await dead.rise();
    },
  };
}

/** Without a Date: these hosts do not know either what time it is. */
function say(response: ServerResponse, host: string): void {
  response.sendDate = false;
  response.end(makeOutput(host));
}

async function listen(t: TestContext, server: Server, port = 0): Promise<number> {
  server.listen(port, '0.0.0.0', 4096);
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return portOf(server.address());
}

/** A web server that is there or not. */
async function startMortal(t: TestContext) {
  const port = await findFreePort('0.0.0.0');
  const make = () => createServer(({ url = '' }, response) => say(response, url.slice(1)));
  let server = make();
  await listen(t, server, port);
  return {
    port,
    async die() {
      server.close();
      server.closeAllConnections();
    },
    async rise() {
      server = make();
      await listen(t, server, port);
    },
  };
}

/** A receiver that some hosts push to each second, with records that were damaged. */
async function startPushing(t: TestContext, hosts: readonly string[]): Promise<string> {
  const running = await startReceiver(t);
  const token = await running.makeAccess({ hosts: ['pushed-*'] });
  await running.makeAccess({ kind: 'user', name: 'broken' });
  writeFileSync(join(running.directory, 'state/access/user-broken.json'), '{"kind": "user", "ha');
  writeFileSync(join(running.directory, 'state/hosts/broken.json'), '{"host": "bro');
  const pushing = hosts.filter((host) => kindOf(host) === 'pushed');
  const headers = { authorization: `Bearer ${token}` };
  const push = async (host: string) => {
    const message = { method: 'PUT', path: `/v1/hosts/${host}/agent-output`, headers };
    const place = { port: running.port, site: siteName };
    const body = Buffer.from(makeOutput(host));
    const { status } = await exchange(place, { ...message, body }, trustAnything);
    if (status !== 204) throw new Error(`pushing ${host}: ${status}`);
  };
  const pushAll = () => Promise.all(pushing.map(push));
  await pushAll();
  let isOver = false;
  const timer = setInterval(
    () => void pushAll().catch((error) => isOver || t.diagnostic(`${error}`)),
    1000,
  );
  t.after(() => {
    isOver = true;
    clearInterval(timer);
  });
  return join(running.directory, 'spool');
}
