/** Every transport, by the scheme of the sources it serves; loaded when one is used. */

import type { Environment } from '../cli/environment.ts';
import { CourierError, quote } from '../faults/errors.ts';
import { suggest } from '../names/nearest.ts';
import type { SourceUri } from './source.ts';
import type { TransportModule } from './transport.ts';

interface CatalogEntry {
  /** What the transport gets, for --help and README.md. */
  readonly summary: string;
  /** Its folder, and its name in messages. */
  readonly transport: string;
  readonly load: () => Promise<TransportModule>;
  /** Where sources of one scheme have options of their own each. */
  readonly loadFor?: (uri: SourceUri, env: Environment) => Promise<TransportModule>;
}

const loadHttp = async () => (await import('./http/http.ts')).http;
const loadRsync = async () => (await import('./rsync/rsync.ts')).rsync;
const loadSsh = async () => (await import('./ssh/ssh.ts')).ssh;
const loadSftp = async () => (await import('./sftp/sftp.ts')).sftp;
const loadImap = async () => (await import('./imap/imap.ts')).imap;
const loadMaildir = async () => (await import('./maildir/maildir.ts')).maildir;
const loadMqtt = async () => (await import('./mqtt/mqtt.ts')).mqtt;
const loadSpool = async () => (await import('./spool/spool.ts')).spool;
const loadExec = async () => (await import('./exec/exec.ts')).exec;
const loadTcp = async () => (await import('./tcp/tcp.ts')).tcp;
const loadAgent = async () => (await import('./agent/agent.ts')).agent;
const loadNats = async () => (await import('./nats/nats.ts')).nats;
const loadFile = async () => (await import('./file/file.ts')).file;

export const catalog: Readonly<Record<string, CatalogEntry>> = {
  https: { summary: 'fetch from a web server', transport: 'http', load: loadHttp },
  http: { summary: 'the same without encryption', transport: 'http', load: loadHttp },
  'http+unix': {
    summary: 'fetch from a web server on a Unix socket',
    transport: 'http',
    load: loadHttp,
  },
  file: {
    summary: 'a file, or the newest complete file in a directory',
    transport: 'file',
    load: loadFile,
  },
  rsync: { summary: 'a file from an rsync daemon', transport: 'rsync', load: loadRsync },
  'rsync+ssh': { summary: 'a file through rsync over ssh', transport: 'rsync', load: loadRsync },
  tcp: { summary: 'the agent port 6556 in every variant', transport: 'tcp', load: loadTcp },
  ssh: { summary: 'what a command on the host prints', transport: 'ssh', load: loadSsh },
  sftp: { summary: 'a file through OpenSSH', transport: 'sftp', load: loadSftp },
  scp: {
    summary: 'the same, by scp where the host has no sftp',
    transport: 'sftp',
    load: loadSftp,
  },
  imaps: { summary: 'the newest fitting message in a mailbox', transport: 'imap', load: loadImap },
  imap: { summary: 'the same, encrypted by STARTTLS', transport: 'imap', load: loadImap },
  maildir: {
    summary: 'the newest fitting message in a Maildir',
    transport: 'maildir',
    load: loadMaildir,
  },
  mqtts: { summary: 'the retained message of a topic', transport: 'mqtt', load: loadMqtt },
  mqtt: { summary: 'the same without encryption', transport: 'mqtt', load: loadMqtt },
  'mqtt+unix': {
    summary: 'the same on a Unix socket of the broker',
    transport: 'mqtt',
    load: loadMqtt,
  },
  spool: {
    summary: 'what the receiver or the collector stored last',
    transport: 'spool',
    load: loadSpool,
  },
  nats: {
    summary: 'the last output of the host in a stream of NATS JetStream',
    transport: 'nats',
    load: loadNats,
  },
  exec: { summary: 'what a local program prints', transport: 'exec', load: loadExec },
  agent: {
    summary: 'what a special agent makes of a REST API or a dialogue',
    transport: 'agent',
    load: loadAgent,
    loadFor: async (uri, env) => (await import('./agent/agent.ts')).loadAgentTransport(uri, env),
  },
};

/**
 * The catalog's entry for a scheme.
 *
 * @throws CourierError USAGE
 */
export function catalogEntry(scheme: string): CatalogEntry {
  const entry = Object.hasOwn(catalog, scheme) ? catalog[scheme] : undefined;
  if (entry === undefined) {
    const hint = suggest(scheme, Object.keys(catalog));
    throw new CourierError('USAGE', `no transport for ${quote(`${scheme}:`)}; ${hint}`);
  }
  return entry;
}

/**
 * The transport of a source, with the options that sources like it have.
 *
 * @throws CourierError USAGE; for `agent:` CONFIG or LOCAL about a recipe
 */
export function loadTransport(uri: SourceUri, env: Environment): Promise<TransportModule> {
  const { load, loadFor } = catalogEntry(uri.scheme);
  return loadFor === undefined ? load() : loadFor(uri, env);
}

/** Schemes whose sources have an option of that name. */
export async function findSchemesWith(option: string): Promise<readonly string[]> {
  const found = Object.entries(catalog).map(async ([scheme, { load }]) =>
    Object.hasOwn((await load()).options, option) ? [scheme] : [],
  );
  return (await Promise.all(found)).flat();
}
