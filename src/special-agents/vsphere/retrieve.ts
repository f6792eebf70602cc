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

/** How much is kept of all answers of a run: far more than 10,000 machines, and no end of memory. */
const mostKept = 100_000_000;

/** How much a property counts beside its text: what it takes in memory. */
const propertyWeight = 50;

/** What may still be kept. */
export class Room {
  #left = mostKept;

  /**
   * @param texts that are kept
   * @throws CourierError TOO_LARGE
   */
  take(texts: Iterable<string>): void {
    for (const text of texts) this.#left -= propertyWeight + text.length;
    if (this.#left < 0)
      throw new CourierError('TOO_LARGE', 'the server tells of more than is kept');
  }
}

/** The server that is asked, within a session. */
export interface Server {
  readonly session: Session;
  readonly content: ServiceContent;
  readonly signal: AbortSignal;
  readonly room: Room;
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
  await findEach(server, search, (object) => {
    server.room.take([object.object.id, ...textsIn([...object.properties.values()])]);
    found.set(object.object.id, object);
  });
  return [...found.values()];
}

/** All texts of elements and of all that is in them. */
function* textsIn(elements: readonly XmlElement[]): Generator<string> {
  for (const { text, children } of elements) {
    yield text;
    yield* textsIn(children);
  }
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
  const known = new Set<string>();
  const takeContent = (piece: XmlElement) => {
    const found = readFoundObject(piece);
    known.add(found.object.id);
    if (isUnknownToServer(found)) isLost = true;
    else if (found.object.type === type) take(found);
  };
  const pieces = { name: 'objects', take: takeContent };
  const parameters = writeRetrieve({ type, paths }, from, reach);
  let result = await ask({ method: 'RetrievePropertiesEx', on, parameters, pieces }, what);
  let knownBefore = 0;
  for (let page = 1; result !== lost && !isLost; page += 1) {
    const token = textAt(childOf(result, 'returnval'), 'token') ?? '';
    if (token === '') return undefined;
    if (page >= mostPages) throw new CourierError('PEER', `${what}: more than ${mostPages} pages`);
    if (known.size === knownBefore) {
      throw new CourierError('PEER', `${what}: a page brings nothing new, and says there is more`);
    }
    knownBefore = known.size;
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
