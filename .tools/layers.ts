/**
 * The folders of src from the outside in, each with what is in it. A file may import from its own
 * folder and from folders further down, never from above: `npm run check` holds the code against
 * this list, and docs/architecture.md shows it.
 */

import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

export interface Layer {
  /** A file, or a folder with all below it. */
  readonly path: string;
  readonly holds: string;
}

/** Where one entry lies inside another, the longer path counts. */
export const layers: readonly Layer[] = [
  { path: 'src/bin.ts', holds: 'real arguments, streams and environment; sets the exit code' },
  {
    path: 'src/main.ts',
    holds: 'arguments → command → exit code; the one place that words a fault',
  },
  { path: 'src/commands/', holds: 'one file a command, imported when it is chosen' },
  { path: 'src/doctor/', holds: 'what one connection shows, step by step' },
  {
    path: 'src/status-page/',
    holds: 'the web page of collector, receiver and updates: documents, feeds, access',
  },
  { path: 'src/forwarding/', holds: 'from the collector of a relay to the receiver of the site' },
  { path: 'src/collector/', holds: 'the resident fetcher' },
  {
    path: 'src/updates/',
    holds: 'agents of hosts: signed documents, keys, packages, what each host is to run',
  },
  { path: 'src/receiver/', holds: 'the HTTPS server that hosts push to' },
  {
    path: 'src/broker/',
    holds: 'outputs on their way into a broker, and what waits on disk while it is away',
  },
  { path: 'src/service/', holds: 'collector and receiver as services of a site or of systemd' },
  {
    path: 'src/setup/',
    holds: "the MKP and what is made for Checkmk's Setup from the option tables",
  },
  { path: 'src/fetching/', holds: 'one fetch: deadline, sources in order, checks in order' },
  { path: 'src/transports/catalog.ts', holds: 'which scheme is which transport' },
  { path: 'src/transports/*/', holds: 'one folder a transport; none imports another' },
  {
    path: 'src/special-agents/',
    holds: 'agents for systems on which none can run: the catalog, recipes, their engine',
  },
  { path: 'src/nats/', holds: 'connections to NATS, its subjects, and output as its messages' },
  {
    path: 'src/web/',
    holds: 'HTTP, TLS and proxies, for every part that is a client of a web server',
  },
  {
    path: 'src/nats/',
    holds: 'connections to NATS, streams, the newest output of each host in them',
  },
  { path: 'src/mail/', holds: 'messages and their parts, for every mailbox' },
  { path: 'src/openssh/', holds: "the system's OpenSSH, for all that goes through it" },
  { path: 'src/doctor/report/', holds: 'what is taken from the report of a host' },
  { path: 'src/routes/', holds: 'the routes file: which sources a host has' },
  { path: 'src/certs/', holds: 'authorities, certificates, signing requests, what is trusted' },
  { path: 'src/transports/', holds: 'the contract of a transport, and what a source is' },
  { path: 'src/ready/', holds: 'output laid ready in memory, for the script of the site' },
  { path: 'src/relay/', holds: 'what relays send to a receiver, and what it remembers of them' },
  { path: 'src/spool/', holds: 'the newest output of each host, on disk' },
  { path: 'src/agent-output/', holds: 'parser, rules, filter and writer of agent output' },
  { path: 'src/wrapping/', holds: 'compression and encryption around agent output' },
  {
    path: 'src/sealing/',
    holds: 'the envelope of signed documents, keys and secrets that are believed, sealed drops',
  },
  { path: 'src/secrets/', holds: 'secrets from files and from the password store of Checkmk' },
  { path: 'src/lookup/', holds: 'names of hosts → addresses, without a thread that waits' },
  { path: 'src/metrics/', holds: 'what services tell of themselves to Prometheus' },
  { path: 'src/system/', holds: 'children, signals, private directories, waiting, services' },
  { path: 'src/cli/', holds: 'what a command and an option are; arguments, help, streams' },
  {
    path: 'src/files/',
    holds: 'calls into the file system: as promises, whole writes, bounded reads',
  },
  { path: 'src/logging/', holds: "the program's log" },
  { path: 'src/times/', holds: 'times as peers write them, and how far clocks may differ' },
  { path: 'src/names/', holds: 'names of hosts, addresses, patterns, the nearest word' },
  {
    path: 'src/faults/',
    holds: 'the table of faults, errors of the system in its words, redaction',
  },
  { path: 'src/clock.ts', holds: 'the only source of time' },
  { path: 'src/version.ts', holds: 'the version' },
];

/** Catalogs load what is above them when it is chosen. */
export const loadsFromAbove: readonly string[] = [
  'src/main.ts',
  'src/commands/catalog.ts',
  'src/transports/catalog.ts',
];

function isBelow({ path }: Layer, file: string): boolean {
  const [folder = '', rest] = path.split('*');
  return rest === undefined
    ? file.startsWith(folder)
    : file.startsWith(folder) && file.slice(folder.length).includes('/');
}

/** The place of a file in the list; -1 for one that no layer holds. */
function depthOf(file: string): number {
  let found = -1;
  for (const [depth, layer] of layers.entries()) {
    const length = layers[found]?.path.length ?? 0;
    if (isBelow(layer, file) && layer.path.length > length) found = depth;
  }
  return found;
}

/** Files of the project that a file imports, at once or when needed. */
export function importsOf(path: string): readonly string[] {
  const specifiers = readFileSync(path, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g);
  return [...specifiers].map(([, specifier = '']) => relative('.', join(dirname(path), specifier)));
}

/** Two files below src/transports/ that belong to different transports. */
function areTransports(path: string, imported: string): boolean {
  const [name, other] = [path, imported].map(
    (file) => /^src\/transports\/([^/]+)\//.exec(file)?.[1],
  );
  return name !== undefined && other !== undefined && name !== other;
}

/** Every import that goes against the list, as a sentence. */
export function findWrongImports(): readonly string[] {
  const wrong: string[] = [];
  for (const path of globSync('src/**/*.ts').sort()) {
    const depth = depthOf(path);
    if (depth < 0) wrong.push(`${path}: no layer of .tools/layers.ts holds it`);
    for (const imported of importsOf(path)) {
      const goesUp = depthOf(imported) < depth && !loadsFromAbove.includes(path);
      if (goesUp) wrong.push(`${path} imports ${imported}, which is further out`);
      if (areTransports(path, imported))
        wrong.push(`${path} imports another transport: ${imported}`);
    }
  }
  return wrong;
}
