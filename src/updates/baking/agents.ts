/** The agent that goes into a release, and the directories of a site that plug-ins come from. */

import { join } from 'node:path';
import type { Environment } from '../../cli/environment.ts';
import { CourierError } from '../../faults/errors.ts';
import { courierAgent } from '../packages/host-files.ts';
import { readSource, readSourceIfThere, type Sources } from './sources.ts';

export interface Agent {
  readonly kind: 'checkmk' | 'courier-agent' | 'file';
  /** As it calls itself, such as `2.4.0p14`. */
  readonly version: string;
  readonly bytes: Buffer;
  /** The file it is from; `courier-agent` where it is the one this program brings along. */
  readonly from: string;
}

const agentFile = 'check_mk_agent.linux';

/** Where a site has agents and plug-ins: what administrators put there has precedence. */
export function agentDirectories({ OMD_ROOT: site }: Environment): readonly string[] {
  if (!site) return [];
  return [join(site, 'local/share/check_mk/agents'), join(site, 'share/check_mk/agents')];
}

/**
 * The agent by the word of updates.yaml.
 *
 * @param word `auto`, `checkmk`, `courier-agent`, or a path
 * @throws CourierError CONFIG when there is none of that kind; LOCAL
 */
export async function readAgent(word: string, sources: Sources): Promise<Agent> {
  if (word === 'courier-agent') return ownAgent();
  if (word !== 'auto' && word !== 'checkmk') {
    return toAgent('file', await readSource(word, sources), word);
  }
  for (const directory of sources.agents) {
    const path = join(directory, agentFile);
    const bytes = await readSourceIfThere(path, sources);
    if (bytes !== undefined) return toAgent('checkmk', bytes, path);
  }
  if (word === 'auto') return ownAgent();
  const where = sources.agents.length === 0 ? 'this is not a site' : sources.agents.join(', ');
  throw new CourierError('CONFIG', `there is no ${agentFile} of Checkmk: ${where}`);
}

function ownAgent(): Agent {
  return toAgent('courier-agent', Buffer.from(courierAgent()), 'courier-agent');
}

function toAgent(kind: Agent['kind'], bytes: Buffer, from: string): Agent {
  return { kind, version: readVersion(bytes), bytes, from };
}

/** Agents of Checkmk print `Version: 2.4.0p14` in their first section; ours sets a variable. */
function readVersion(bytes: Buffer): string {
  const found = /^(?:\s*(?:echo ["']?)?Version: |COURIER_AGENT_VERSION=)([\w.+~-]{1,60})/m;
  return found.exec(bytes.toString('latin1'))?.[1] ?? 'unknown';
}
