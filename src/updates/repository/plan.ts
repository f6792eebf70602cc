/** What each host is to get: `bake` writes it, `sign` makes targets of it. */

import { z } from 'zod';
import { CourierError } from '../../faults/errors.ts';
import { isHostName } from '../../names/host-name.ts';
import { findTextFile, replaceFile } from '../../system/durable-files.ts';
import { agentVersionText, mostPackageBytes, platformText } from '../documents/target.ts';
import { agentHashText, digestText } from '../documents/words.ts';
import { makePrivateDirectory } from './opening.ts';
import type { UpdatePlaces } from './places.ts';
import { stageShape } from './rollout-file.ts';

const host = z.string().refine(isHostName, 'no name of a host');

const shared = {
  platform: z.string().regex(platformText),
  updaterMin: z.int().min(0),
  selfTestSeconds: z.int().min(1).max(86_400),
  /** How often the hosts are to ask; as always where it is missing. */
  intervalSeconds: z.int().min(60).max(2_678_400).optional(),
  hosts: z.array(host),
};

/** The same for all its hosts. A host stands in one of them at most. */
const offer = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('install'),
    agentHash: z.string().regex(agentHashText),
    agentVersion: z.string().regex(agentVersionText),
    packageSize: z.int().min(1).max(mostPackageBytes),
    packageSha256: z.string().regex(digestText),
    ...shared,
  }),
  z.strictObject({ action: z.enum(['keep', 'remove-updater']), ...shared }),
]);

const planShape = z.strictObject({
  /** ISO 8601. */
  bakedAt: z.string(),
  offers: z.array(offer),
  /** In which stages hosts are to get it; all at once where there are none. */
  stages: z.array(stageShape).min(1).readonly().optional(),
});

export type Offer = z.infer<typeof offer>;
export type Plan = z.infer<typeof planShape>;

/**
 * The plan; undefined before the first `bake`.
 *
 * @throws CourierError CONFIG when it is damaged, or others may change it; LOCAL
 */
export async function readPlan({ plan: path }: UpdatePlaces): Promise<Plan | undefined> {
  const text = await findTextFile(path);
  if (text === undefined) return undefined;
  try {
    const plan = planShape.parse(JSON.parse(text));
    requireOncePerHost(plan);
    return plan;
  } catch (error) {
    const how = 'is damaged; `cmk-courier updates bake` writes it anew';
    throw new CourierError('CONFIG', `${path} ${how}`, { cause: error });
  }
}

/** @throws CourierError INTERNAL for a host that stands in it twice; LOCAL */
export async function writePlan(places: UpdatePlaces, plan: Plan): Promise<void> {
  requireOncePerHost(plan);
  await makePrivateDirectory(places.directory);
  await replaceFile(places.plan, `${JSON.stringify(plan, null, 1)}\n`);
}

function requireOncePerHost({ offers }: Plan): void {
  const seen = new Set<string>();
  for (const name of offers.flatMap(({ hosts }) => hosts)) {
    if (seen.has(name)) throw new CourierError('INTERNAL', `${name} stands in the plan twice`);
    seen.add(name);
  }
}
