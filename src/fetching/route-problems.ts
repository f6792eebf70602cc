/** Everything that is wrong with a routes file, what it says about transports and files included. */

import { isSeq } from 'yaml';
import type { CommandContext } from '../cli/command.ts';
import type { OptionTable, RawOptions } from '../cli/options.ts';
import { lineOf, nodeAt } from '../cli/yaml-problems.ts';
import { CourierError } from '../faults/errors.ts';
import { findCover } from '../routes/coverage.ts';
import { readRoutes } from '../routes/load.ts';
import type { Layout, Problem } from '../routes/problems.ts';
import type { Route, RouteSource } from '../routes/route.ts';
import type { SourceStep } from './attempt.ts';
import { findFileProblem } from './named-files.ts';
import { passphraseOptions, toStep } from './route-plan.ts';

/** What is needed beside the file. */
interface Surroundings {
  readonly context: CommandContext;
  /** Throws a CourierError about a list of hosts that cannot be used. */
  readonly readHostList: (path: string) => unknown;
}

/** The search through one file. */
interface Search extends Surroundings {
  readonly layout: Layout;
  readonly problems: Problem[];
}

type Path = readonly PropertyKey[];

/**
 * Reads a routes file and lists its mistakes in the order of their lines.
 *
 * @throws CourierError LOCAL or CONFIG when it cannot be read at all
 */
export async function findProblems(
  path: string,
  surroundings: Surroundings,
): Promise<{ readonly problems: readonly Problem[]; readonly count: number }> {
  const read = await readRoutes(path);
  if ('problems' in read) return { problems: read.problems, count: 0 };
  const search: Search = { ...surroundings, layout: read.layout, problems: [] };
  const { routes, collector } = read.routes;
  const { hostList } = collector;
  if (hostList !== undefined) {
    await note(search, ['collector', 'hostList'], () => surroundings.readHostList(hostList));
  }
  for (const [index, route] of routes.entries()) {
    const cover = findCover(route, routes.slice(0, index));
    if (cover !== undefined) tell(search, route.line, describeCover(cover));
    await checkFiles(search, ['routes', index], passphraseOptions, route.settings.secrets);
    await checkSources(search, route, ['routes', index, 'sources']);
    await checkSources(search, route, ['routes', index, 'with']);
  }
  const problems = search.problems.sort((one, other) => one.line - other.line);
  return { problems, count: routes.length };
}

function describeCover({ name, line }: Route): string {
  return `no host ever comes to this route: ${name} in line ${line} stands before it and takes all of them`;
}

type SourcesPath = readonly ['routes', number, 'sources' | 'with'];

async function checkSources(search: Search, route: Route, list: SourcesPath): Promise<void> {
  for (const [position, source] of route[list[2]].entries()) {
    const place = sourcePath(search.layout, list, position);
    const step = await note(search, place, () => toStep(source, search.context.env));
    if (step === undefined) continue;
    if (isForMany(route) && !tellsHostsApart(source, step)) {
      const why = 'gives every host of the route the same output';
      tell(search, source.line, `the source ${why}: {host} or {address} is missing in it`);
    }
    await checkFiles(search, place, step.module.options, source.options);
  }
}

/** A single source needs no list. */
function sourcePath({ root }: Layout, list: SourcesPath, position: number): Path {
  return isSeq(nodeAt(root, list)) ? [...list, position] : list;
}

function isForMany({ hosts: { texts, names } }: Route): boolean {
  return texts.length > 1 || names.size < texts.length;
}

/**
 * Whether a source can tell several hosts apart. A spool has a place for each host; a special agent
 * asks the address of the host unless it is told otherwise; other sources name the host in their URI
 * or, as a mailbox, in a search pattern.
 */
function tellsHostsApart({ uri, options }: RouteSource, { name }: SourceStep): boolean {
  const texts = [uri, ...Object.values(options).flat()];
  return (
    ['spool', 'agent'].includes(name) || texts.some((text) => /\{(?:host|address)\}/.test(text))
  );
}

async function checkFiles(
  search: Search,
  place: Path,
  table: OptionTable,
  options: RawOptions,
): Promise<void> {
  for (const [name, values] of Object.entries(options)) {
    for (const value of values) {
      const problem = await findFileProblem(table, name, value, search.context);
      if (problem !== undefined) tell(search, findKeyLine(search, place, name), problem);
    }
  }
}

/** A setting that the route itself does not have is in the defaults. */
function findKeyLine({ layout }: Search, place: Path, name: string): number {
  const isOwn = nodeAt(layout.root, [...place, name]) !== undefined;
  return lineOf(isOwn ? [...place, name] : ['defaults', name], layout);
}

async function note<Result>(
  search: Search,
  place: Path,
  check: () => Result,
): Promise<Awaited<Result> | undefined> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof CourierError) || error.code === 'INTERNAL') throw error;
    tell(search, lineOf(place, search.layout), error.message);
    return undefined;
  }
}

function tell({ problems }: Search, line: number, message: string): void {
  problems.push({ line, message });
}
