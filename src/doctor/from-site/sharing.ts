/** Whether Checkmk asks another host at the same address. */

import { z } from 'zod';
import { cleanText } from '../../faults/errors.ts';
import { askLivestatus } from './checkmk.ts';
import { type Learned, outsideSite, type Scene, type SiteFinding } from './scene.ts';

const names = z.array(z.tuple([z.string()]));
/** More are not told. */
const mostNames = 5;

/** By Livestatus: hosts with a service Check_MK at the address that is used. */
export async function lookAtSharing(
  scene: Scene,
  { place, configuration }: Partial<Learned>,
  signal: AbortSignal,
): Promise<SiteFinding> {
  const root = scene.context.env['OMD_ROOT'];
  if (!root) return outsideSite;
  if (scene.sources !== undefined || configuration?.program !== undefined) {
    return { status: 'skipped', text: 'not used: its output comes another way' };
  }
  const address = place?.address ?? '';
  const answer = await askLivestatus(
    [
      'GET services',
      'Columns: host_name',
      `Filter: host_address = ${address}`,
      `Filter: host_name != ${scene.host}`,
      'Filter: description = Check_MK',
    ],
    root,
    signal,
  );
  const others = names.safeParse(toJson(answer));
  if (!others.success) return { status: 'unknown', text: 'Livestatus does not tell' };
  const hosts = others.data.map(([name]) => cleanText(name, 64)).slice(0, mostNames);
  if (hosts.length === 0) return { status: 'ok', text: 'of no other host', source: 'state' };
  return {
    status: 'warning',
    code: 'address-shared',
    text: `${address} is also that of ${hosts.join(', ')}`,
    facts: { hosts },
    source: 'state',
  };
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
