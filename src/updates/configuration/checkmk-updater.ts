/**
 * What Checkmk's own updater is told on a host (`cmk-update-agent.cfg`, `.state`), as rules of
 * ours. Both files hold a dictionary of Python; what was written for the file of a package counts
 * before what a registration has left (docs.checkmk.com, "Automatic agent updates", show-config).
 */

import { stringify } from 'yaml';
import { CourierError, cleanText } from '../../faults/errors.ts';
import { isHostName } from '../../names/host-name.ts';
import { readPythonLiteral } from '../../setup/python-literal/read.ts';
import { isDict, type PythonValue } from '../../setup/python-literal/values.ts';

/** Settings by their names there. */
type CheckmkSettings = ReadonlyMap<string, PythonValue>;

/** What came of them. */
interface TakenOver {
  /** A file that `updates validate` accepts. */
  readonly yaml: string;
  /** Certificates that hosts trusted alone, in PEM. */
  readonly certificates: readonly string[];
  /** What is to be done by hand, or has no place here; a sentence each. */
  readonly notes: readonly string[];
}

/** Of a registration with Checkmk: of no use here, and not to be shown. */
const silent = new Set([
  ...['host_secret', 'user', 'last_error', 'last_check', 'last_update', 'pending_hash'],
  ...['installed_aghash', 'host_name', 'server', 'site', 'protocol', 'signature_keys'],
]);

/**
 * @param texts of files: the one that counts first comes first
 * @throws CourierError MALFORMED for anything but a dictionary
 */
export function takeOverSettings(texts: readonly string[]): TakenOver {
  return takeOver(texts.map(readSettings));
}

function readSettings(text: string): CheckmkSettings {
  const value = readPythonLiteral(text);
  if (!isDict(value)) throw new CourierError('MALFORMED', 'it holds no dictionary');
  return new Map([...value].map(([name, one]) => [String(name), one]));
}

function takeOver(files: readonly CheckmkSettings[]): TakenOver {
  const all = new Map(files.toReversed().flatMap((file) => [...file]));
  const notes: string[] = [];
  const updater: Record<string, string | boolean> = {};
  for (const [name, value] of all) {
    const take = takers[name];
    if (take !== undefined) take(value, { updater, notes });
    else if (!silent.has(name) && name !== 'certificates') notes.push(`${name} has no place here`);
  }
  const host = all.get('host_name');
  const hosts = typeof host === 'string' && isHostName(host) ? [host] : '*';
  notes.push(...describeServer(all), ...describeKeys(all));
  const rule = { hosts, agent: 'auto', ...(Object.keys(updater).length > 0 && { updater }) };
  const certificates = textsOf(all.get('certificates'));
  if (certificates.length > 0) {
    const what = `${certificates.length} certificates were the only ones trusted`;
    notes.push(
      `${what}: --certificates=FILE writes them, \`updates root ca FILE\` has hosts trust them`,
    );
  }
  // A host that chose the words must not write a line of the file.
  const lines = notes.map((note) => cleanText(note));
  return { yaml: stringify({ rules: [rule] }), certificates, notes: lines };
}

interface Taking {
  readonly updater: Record<string, string | boolean>;
  readonly notes: string[];
}

const takers: Readonly<Record<string, (value: PythonValue, taking: Taking) => void>> = {
  activated: (value, { updater }) => {
    if (value === false) updater['activated'] = false;
  },
  interval: (value, { updater, notes }) => {
    const isFit = typeof value === 'number' && value >= 60 && value <= 31 * 86_400;
    if (isFit) updater['interval'] = `${Math.round(value)}s`;
    else notes.push('its interval is none that is allowed here: 1m to 31d');
  },
  use_proxy_env: (value, { updater }) => {
    if (value === true) updater['proxy'] ??= 'environment';
  },
  proxy: (value, { updater, notes }) => {
    if (value === null || value === '') return;
    if (typeof value === 'string' && /^https?:\/\/[^@\s]+$/.test(value)) updater['proxy'] = value;
    else notes.push('its proxy is to be written by hand: proxy, and proxyAuthFile for a password');
  },
  ignore_update_url: (value, { notes }) => {
    if (value === true) notes.push('ignore_update_url: here the servers of the root count, always');
  },
};

function describeServer(all: CheckmkSettings): readonly string[] {
  const [server, site] = [all.get('server'), all.get('site')];
  if (typeof server !== 'string' || typeof site !== 'string') return [];
  const protocol = all.get('protocol') === 'http' ? 'http' : 'https';
  return [`it asked ${protocol}://${server}/${site}; hosts of ours ask the servers of the root`];
}

function describeKeys(all: CheckmkSettings): readonly string[] {
  const keys = textsOf(all.get('signature_keys'));
  if (keys.length === 0) return [];
  const what = `${keys.length} signature keys of Checkmk sign nothing here`;
  return [
    `${what}: \`updates keys import\` takes over one, exported there; hosts need 3072 bits or more`,
  ];
}

function textsOf(value: PythonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
