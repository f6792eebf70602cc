/** The release of one host: what its parameters put into it. */

import { join } from 'node:path';
import { CourierError } from '../../faults/errors.ts';
import type { HostConfiguration } from '../configuration/matching.ts';
import { type FileKind, placeInRelease, splitParameter } from '../configuration/places.ts';
import type { ParameterValue } from '../configuration/rules.ts';
import { toClientName, unwritten } from '../configuration/updater-settings.ts';
import { courierLaunch, courierUpdate } from '../packages/host-files.ts';
import { makeRelease, type Release, type ReleaseFile } from '../packages/release-files.ts';
import { usualIntervalSeconds } from '../repository/planned-intervals.ts';
import { type Agent, readAgent } from './agents.ts';
import { readSource, readSourceIfThere, type Sources } from './sources.ts';

/** What a host gets, packed or not. */
export interface HostRelease {
  readonly release: Release;
  readonly agent: Agent;
  /** Names of plug-ins and local checks, sorted. */
  readonly scripts: readonly string[];
  readonly isConfidential: boolean;
  readonly format: 'tgz' | 'deb';
}

export const defaultSelfTestSeconds = 300;

/**
 * Gathers the files for one host.
 *
 * @param root the newest root, for hosts that have none yet
 * @throws CourierError CONFIG naming the parameter and the file that is not there; TOO_LARGE; LOCAL
 */
export async function releaseOf(
  { parameters }: HostConfiguration,
  sources: Sources,
  root: Buffer | undefined,
): Promise<HostRelease> {
  const value = (parameter: string) => parameters.get(parameter)?.value;
  const agent = await readAgent(String(value('agent') ?? 'auto'), sources);
  const given = [...parameters.values()].filter(({ value: set }) => set !== false);
  const files = await Promise.all(
    given.map(({ parameter, value: set }) => toFile(parameter, set, sources)),
  );
  const added = files.filter((file) => file !== undefined);
  return {
    agent,
    release: makeRelease([...added, ...ownFiles(agent, parameters, root)]),
    scripts: added
      .map(({ path }) => path)
      .filter((path) => path.startsWith('lib/'))
      .sort(),
    isConfidential: added.some(({ mode }) => isPrivate(mode)),
    format: value('format') === 'deb' ? 'deb' : 'tgz',
  };
}

const isPrivate = (mode: number) => (mode & 0o077) === 0;

/** What is in every release. */
function ownFiles(
  agent: Agent,
  parameters: HostConfiguration['parameters'],
  root: Buffer | undefined,
): readonly ReleaseFile[] {
  const launch = Buffer.from(courierLaunch());
  const interval = Number(parameters.get('updater.interval')?.value ?? usualIntervalSeconds);
  const isPlugin = parameters.get('updater.schedule')?.value !== 'external';
  const program = (path: string, bytes: Buffer) => ({ path, bytes, mode: 0o755 as const });
  return [
    program('bin/check_mk_agent', agent.bytes),
    program('bin/courier-launch', launch),
    program('bin/courier-update', Buffer.from(courierUpdate())),
    program('lib/plugins/courier-update-status', launch),
    ...(isPlugin ? [program(`lib/plugins/${interval}/courier-update`, launch)] : []),
    { path: 'etc/update.conf', bytes: writeSettings(parameters), mode: 0o600 },
    ...(root === undefined ? [] : [{ path: 'root', bytes: root, mode: 0o644 as const }]),
  ];
}

/** `name value` a line, sorted, as the client reads them. */
function writeSettings(parameters: HostConfiguration['parameters']): Buffer {
  const isDeb = parameters.get('format')?.value === 'deb';
  const lines = [...parameters.values()].flatMap(({ parameter, value }) => {
    const [, setting] = /^updater\.(.+)$/.exec(parameter) ?? [];
    if (setting === undefined || unwritten.includes(setting)) return [];
    return [`${toClientName(setting)} ${String(value)}\n`];
  });
  const platform = isDeb ? ['platform linux-deb\n'] : [];
  return Buffer.from([...lines, ...platform].sort().join(''));
}

/** Undefined for a parameter that is no file. */
async function toFile(
  parameter: string,
  value: ParameterValue,
  sources: Sources,
): Promise<ReleaseFile | undefined> {
  const [kind, name] = splitParameter(parameter) ?? [];
  if (kind === undefined || name === undefined || typeof value !== 'object') return undefined;
  const isProgram = kind !== 'config';
  const seconds = 'interval' in value ? value.interval : undefined;
  const path = placeInRelease(kind, name, seconds);
  if (value.content !== undefined) {
    return { path, bytes: Buffer.from(value.content), mode: toMode(isProgram, value.confidential) };
  }
  const bytes = await readNamed(kind, name, value.from, sources).catch((error: unknown) => {
    if (!(error instanceof CourierError)) throw error;
    throw new CourierError(error.code, `${parameter}: ${error.message}`, { cause: error });
  });
  return { path, bytes, mode: toMode(isProgram, value.confidential) };
}

function toMode(isProgram: boolean, confidential: boolean | undefined): ReleaseFile['mode'] {
  if (confidential) return isProgram ? 0o700 : 0o600;
  return isProgram ? 0o755 : 0o644;
}

/** Where the site has such files, below a directory with agents. */
const shelves: Readonly<Record<FileKind, string>> = {
  plugins: 'plugins',
  local: 'local',
  config: 'cfg_examples',
  programs: '',
};

async function readNamed(
  kind: FileKind,
  name: string,
  from: string | undefined,
  sources: Sources,
): Promise<Buffer> {
  if (from !== undefined) return readSource(from, sources);
  for (const directory of sources.agents) {
    const bytes = await readSourceIfThere(join(directory, shelves[kind], name), sources);
    if (bytes !== undefined) return bytes;
  }
  const why =
    sources.agents.length === 0
      ? 'there is no site to take it from'
      : 'the site has none of that name';
  throw new CourierError('CONFIG', `${why}; \`from\` names a file`);
}
