/** updates.yaml and the hosts → one release for each distinct content, and the plan of who gets which. */

import { CourierError, quote } from '../../faults/errors.ts';
import type { HostName } from '../../names/host-name.ts';
import { suggest } from '../../names/nearest.ts';
import { configurationOf, type HostConfiguration } from '../configuration/matching.ts';
import type { KnownHost, Updates } from '../configuration/rules.ts';
import type { Offer } from '../repository/plan.ts';
import type { Baked } from './baked.ts';
import { defaultSelfTestSeconds, type HostRelease, releaseOf } from './release-of.ts';
import type { Sources } from './sources.ts';

/** What several hosts get alike. */
export type Batch = ReleaseBatch | ForeignBatch;

interface Shared {
  readonly selfTestSeconds: number;
  /** How often the hosts ask; undefined where no rule says it. */
  readonly intervalSeconds: number | undefined;
  readonly platform: string;
  readonly hosts: readonly HostName[];
}

interface ReleaseBatch extends Shared {
  readonly made: HostRelease;
}

interface ForeignBatch extends Shared {
  readonly foreign: Baked;
}

export interface Batches {
  /** Sorted by agent hash. */
  readonly batches: readonly Batch[];
  /** Hosts that get nothing to install: they keep what they have, or their updater is switched off. */
  readonly resting: readonly RestingOffer[];
  /** Hosts that no rule fits, and that are left alone. */
  readonly left: readonly HostName[];
}

export type RestingOffer = Exclude<Offer, { readonly action: 'install' }>;

export interface Ingredients {
  readonly sources: Sources;
  readonly root: Buffer | undefined;
  readonly baked: readonly Baked[];
}

/**
 * Works out the release of every host; nothing is written.
 *
 * @throws CourierError CONFIG about a parameter, naming it and a host that has it; TOO_LARGE; LOCAL
 */
export async function gatherBatches(
  updates: Updates,
  hosts: readonly KnownHost[],
  ingredients: Ingredients,
): Promise<Batches> {
  const left: HostName[] = [];
  // Thousands of hosts have a few configurations.
  const alike = new Map<string, { configuration: HostConfiguration; hosts: HostName[] }>();
  for (const known of hosts) {
    const configuration = configurationOf(updates, known);
    const key = JSON.stringify(
      [...configuration.parameters].map(([parameter, { value }]) => [parameter, value]),
    );
    const entry = alike.get(key);
    if (!configuration.isMeant) left.push(known.host);
    else if (entry === undefined) alike.set(key, { configuration, hosts: [known.host] });
    else entry.hosts.push(known.host);
  }
  const batches: Batch[] = [];
  const resting: RestingOffer[] = [];
  for (const entry of alike.values()) {
    const offer = toResting(entry.configuration, entry.hosts, ingredients);
    if (offer === undefined) {
      batches.push(await toBatch(entry.configuration, entry.hosts, ingredients));
    } else resting.push(offer);
  }
  return { batches: mergeAlike(batches), resting, left };
}

function toResting(
  configuration: HostConfiguration,
  hosts: readonly HostName[],
  { baked }: Ingredients,
): RestingOffer | undefined {
  const value = (parameter: string) => configuration.parameters.get(parameter)?.value;
  const [action, named] = [value('action'), value('package')];
  if (action !== 'keep' && action !== 'remove-updater') return undefined;
  const format = value('format') === 'deb' ? 'linux-deb' : 'linux-tgz';
  const foreign = named === undefined ? undefined : findForeign(String(named), baked);
  const interval = value('updater.interval');
  return {
    action,
    platform: foreign?.packages[0]?.platform ?? format,
    updaterMin: 1,
    selfTestSeconds: defaultSelfTestSeconds,
    ...(interval === undefined ? {} : { intervalSeconds: Number(interval) }),
    hosts: [...hosts],
  };
}

async function toBatch(
  configuration: HostConfiguration,
  hosts: readonly HostName[],
  ingredients: Ingredients,
): Promise<Batch> {
  const value = (parameter: string) => configuration.parameters.get(parameter)?.value;
  const [named, interval] = [value('package'), value('updater.interval')];
  const shared = {
    hosts,
    selfTestSeconds: Number(value('selfTest') ?? defaultSelfTestSeconds),
    intervalSeconds: interval === undefined ? undefined : Number(interval),
  };
  try {
    if (named !== undefined) {
      const foreign = findForeign(String(named), ingredients.baked);
      return { ...shared, foreign, platform: foreign.packages[0]?.platform ?? '' };
    }
    const made = await releaseOf(configuration, ingredients.sources, ingredients.root);
    return { ...shared, made, platform: `linux-${made.format}` };
  } catch (error) {
    if (!(error instanceof CourierError)) throw error;
    const others = hosts.length > 1 ? ` and ${hosts.length - 1} more` : '';
    throw new CourierError(error.code, `${hosts[0]}${others}: ${error.message}`, { cause: error });
  }
}

function findForeign(name: string, baked: readonly Baked[]): Baked {
  const foreign = baked.filter(({ agent }) => agent.kind === 'foreign');
  const files = foreign.flatMap(({ packages }) => packages.map(({ file }) => file));
  const found = foreign.filter(({ agentHash, packages }) => {
    return agentHash === name || packages.some(({ file }) => file === name);
  });
  const [only, second] = found;
  if (second !== undefined) {
    const hashes = found.map(({ agentHash }) => agentHash).join(', ');
    throw new CourierError('CONFIG', `package: several are called ${quote(name)}: say ${hashes}`);
  }
  if (only !== undefined) return only;
  const hint =
    files.length === 0 ? '`updates import-package FILE` takes one' : suggest(name, files);
  throw new CourierError('CONFIG', `package: none is called ${quote(name)}; ${hint}`);
}

export function hashOf(batch: Batch): string {
  return 'made' in batch ? batch.made.release.agentHash : batch.foreign.agentHash;
}

/** Other words in updates.yaml may come to the same content. */
function mergeAlike(batches: readonly Batch[]): readonly Batch[] {
  const merged = new Map<string, Batch>();
  for (const batch of batches) {
    const key = [hashOf(batch), batch.platform, batch.selfTestSeconds, batch.intervalSeconds].join(
      ' ',
    );
    const hosts = [...(merged.get(key)?.hosts ?? []), ...batch.hosts].sort();
    merged.set(key, { ...batch, hosts });
  }
  return [...merged].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, batch]) => batch);
}

/** The entry of the plan for a batch whose packages are kept. */
export function toOffer(batch: Batch, baked: Baked): Offer {
  const packed = baked.packages.find(({ platform }) => platform === batch.platform);
  if (packed === undefined) {
    throw new CourierError('INTERNAL', `${baked.agentHash} has no package for ${batch.platform}`);
  }
  return {
    action: 'install',
    // What a package manager installs goes by the digest of its file: agent-packages.md#debian-package.
    agentHash: batch.platform === 'linux-tgz' ? baked.agentHash : packed.sha256.slice(0, 16),
    agentVersion: baked.agent.version,
    packageSize: packed.size,
    packageSha256: packed.sha256,
    platform: batch.platform,
    updaterMin: 1,
    selfTestSeconds: batch.selfTestSeconds,
    ...(batch.intervalSeconds === undefined ? {} : { intervalSeconds: batch.intervalSeconds }),
    hosts: [...batch.hosts],
  };
}
