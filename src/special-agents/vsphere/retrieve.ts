/** Gets the properties of all objects of one type, page by page (vsphere.md#properties). */

import { CourierError } from '../../faults/errors.ts';
import { childOf, textAt, type XmlElement } from '../xml/element.ts';
import { textElement } from '../xml/write-element.ts';
import type { ServiceContent } from './inventory/service-content.ts';
import { type Ask, lost, type Session } from './session.ts';
import { type FoundObject, readFoundObject } from './soap/found-objects.ts';
import type { ManagedObject } from './soap/managed-object.ts';
import { writeRetrieve } from './soap/property-requests.ts';

/** A million objects; a server that never ends its pages is left. */
const mostPages = 10_000;

/** The server that is asked, within a session. */
export interface Server {
  readonly session: Session;
  readonly content: ServiceContent;
  readonly signal: AbortSignal;
}

/** Which objects are looked for, and what is wanted of them. */
export interface Search {
  readonly type: string;
  readonly paths: readonly string[];
  /** Left out, the root folder of the inventory. */
  readonly from?: ManagedObject;
  /** `below` looks for objects everywhere below `from`, `object` at `from` alone. */
  readonly reach?: 'object' | 'below';
}

/**
 * Hands over what it finds as it arrives; some twice, where the session is lost on the way.
 *
 * @throws CourierError, the signal's reason included
 */
export async function findEach(
  server: Server,
  search: Search,
  take: (found: FoundObject) => void,
): Promise<void> {
  await server.session.within((ask) => findOnce(ask, server, search, take), server.signal);
}

/** All that is found, each object once. */
export async function findAll(server: Server, search: Search): Promise<readonly FoundObject[]> {
  const found = new Map<string, FoundObject>();
  await findEach(server, search, (object) => found.set(object.object.id, object));
  return [...found.values()];
}

async function findOnce(
  ask: Ask,
  { content }: Server,
  search: Search,
  take: (found: FoundObject) => void,
): Promise<typeof lost | undefined> {
  const { type, paths, from = content.rootFolder, reach = 'below' } = search;
  const on = content.propertyCollector;
  const what = `the properties of ${type}`;
  let isLost = false;
  const takeContent = (piece: XmlElement) => {
    const found = readFoundObject(piece);
    if (found === undefined) return;
    if (isUnknownToServer(found)) isLost = true;
    else if (found.object.type === type) take(found);
  };
  const pieces = { name: 'objects', take: takeContent };
  const parameters = writeRetrieve({ type, paths }, from, reach);
  let result = await ask({ method: 'RetrievePropertiesEx', on, parameters, pieces }, what);
  for (let page = 1; result !== lost && !isLost; page += 1) {
    const token = textAt(childOf(result, 'returnval'), 'token') ?? '';
    if (token === '') return undefined;
    if (page >= mostPages) throw new CourierError('PEER', `${what}: more than ${mostPages} pages`);
    const next = [textElement('token', token)];
    result = await ask(
      { method: 'ContinueRetrievePropertiesEx', on, parameters: next, pieces },
      what,
    );
  }
  return lost;
}

/** Without a session there are no properties, and this in their place. */
function isUnknownToServer({ properties, missing }: FoundObject): boolean {
  return properties.size === 0 && [...missing.values()].includes('NotAuthenticated');
}
