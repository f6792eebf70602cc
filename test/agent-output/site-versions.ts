/**
 * How versions of the site attribute rows to hosts, each as plainly as possible and apart from the
 * parser: what they have in common and where they differ (agent-output.md#markers).
 */

export interface OwnedRow {
  /** The main host's name, or that of a piggybacked one, with `_` for what no name has. */
  readonly owner: string;
  readonly row: string;
}

interface Version {
  /** Whether white space is taken off a line before it is taken for a marker. */
  readonly strips: boolean;
  /** Whether it is taken off before a section header is read, too. */
  readonly stripsHeader: boolean;
  /** Whether a piggyback block takes up all lines but piggyback markers. */
  readonly swallows: boolean;
  /** Whether an option without its bracket makes a header invalid. */
  readonly wantsBrackets: boolean;
  /** Whom a piggyback header names; undefined: its block is ignored. */
  readonly toHost: (raw: string) => string | undefined;
}

const project = (raw: string) => raw.trim().replace(/[^-0-9a-zA-Z_.]/g, '_');
const isUsable = (name: string) => /^\w/.test(name) && name.length <= 240;

const versions = {
  today: {
    strips: false,
    stripsHeader: false,
    swallows: false,
    wantsBrackets: false,
    toHost: (raw) => (isUsable(project(raw)) ? project(raw) : undefined),
  },
  'before names were mended': {
    strips: false,
    stripsHeader: false,
    swallows: false,
    wantsBrackets: false,
    toHost: (raw) =>
      project(raw) === raw.trim() && isUsable(project(raw)) ? project(raw) : undefined,
  },
  'stripping, and still reading headers as they are': {
    strips: true,
    stripsHeader: false,
    swallows: false,
    wantsBrackets: true,
    toHost: project,
  },
  'stripping, with blocks that swallow': {
    strips: true,
    stripsHeader: false,
    swallows: true,
    wantsBrackets: true,
    toHost: project,
  },
  'stripping everywhere': {
    strips: true,
    stripsHeader: true,
    swallows: true,
    wantsBrackets: true,
    toHost: project,
  },
} as const satisfies Record<string, Version>;

type Place = 'none' | 'main section' | 'block' | 'block section' | 'ignored';

function read(version: Version, output: Buffer, mainHost: string): readonly OwnedRow[] {
  const rows: OwnedRow[] = [];
  let place: Place = 'none';
  let host = '';
  for (const whole of output.toString('latin1').split('\n')) {
    const line = whole.replace(/\r+$/, '');
    const stripped = line.replace(/^[\t-\r ]+|[\t-\r ]+$/g, '');
    if (stripped === '') continue;
    const seen = version.strips ? stripped : line;
    const isBlock = place === 'block' || place === 'block section';
    if (seen === '<<<<>>>>') {
      place = 'none';
    } else if (/^<<<<.+>>>>$/s.test(seen)) {
      const name = version.toHost(seen.slice(4, -4));
      const testsForMain = place !== 'block section' || version.swallows;
      if (name === undefined) place = 'ignored';
      else if (name === mainHost && testsForMain) place = place === 'main section' ? place : 'none';
      else [place, host] = ['block', name];
    } else if (isBlock && version.swallows) {
      rows.push({ owner: host, row: line });
    } else if (seen === '<<<>>>' || /^<<<:.*>>>$/s.test(seen)) {
      if (place === 'main section') place = 'none';
      if (place === 'block section') place = 'block';
    } else if (/^<<<.*>>>$/s.test(seen)) {
      const header = version.stripsHeader ? seen : line;
      if (!isValid(header.slice(3, -3), version)) place = 'none';
      else if (place === 'none') place = 'main section';
      else if (place === 'block') place = 'block section';
    } else if (place === 'main section') {
      rows.push({ owner: mainHost, row: line });
    } else if (place === 'block section') {
      rows.push({ owner: host, row: line });
    }
  }
  return rows;
}

/** As far as the headers of these tests go. */
function isValid(header: string, { wantsBrackets }: Version): boolean {
  const bytes = Buffer.from(header, 'latin1');
  if (!bytes.equals(Buffer.from(bytes.toString('utf8')))) return false;
  const [name = '', ...parts] = header.split(':');
  if (!/^[A-Za-z0-9_]+$/.test(name)) return false;
  const options = new Map<string, string>();
  for (const part of parts) {
    const [, option, value] = /^([^(]*)\((.*)\)$/s.exec(part) ?? [];
    if (option !== undefined && value !== undefined) options.set(option, value);
    else if (wantsBrackets && part.includes('(')) return false;
  }
  const isInteger = (text: string) => /^\s*[+-]?\d+(_\d+)*\s*$/.test(text);
  const cached = options.get('cached')?.split(',');
  if (cached && (cached.length < 2 || !cached.every(isInteger))) return false;
  if (!isInteger(options.get('persist') ?? '0')) return false;
  const separator = options.get('sep') ?? '0';
  const point = Number(separator.replaceAll('_', ''));
  return isInteger(separator) && point >= 0 && point <= 0x10ffff;
}

export const siteVersions = Object.fromEntries(
  Object.entries(versions).map(([name, version]) => [
    name,
    (output: Buffer, mainHost: string) => read(version, output, mainHost),
  ]),
);
