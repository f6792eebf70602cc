/** Calls of the vSphere API over one peer's connections. */

import { CourierError, quote } from '../../../faults/errors.ts';
import type { Connections } from '../../../web/connections.ts';
import type { HeaderLine } from '../../../web/header-lines.ts';
import { showWebPlace, type WebPlace } from '../../../web/place.ts';
import type { WebResponse } from '../../../web/response-reader.ts';
import { checkStatus, isRedirect, showStatus } from '../../../web/statuses.ts';
import type { XmlElement } from '../../xml/element.ts';
import { ElementReader } from '../../xml/element-reader.ts';
import type { Xml } from '../../xml/write-element.ts';
import { isSoapFault, readAnswer, type SoapFault } from './answer.ts';
import { writeCall } from './envelope.ts';
import type { ManagedObject } from './managed-object.ts';

/** One call of a method. */
export interface SoapCall {
  readonly method: string;
  readonly on: ManagedObject;
  readonly parameters?: readonly Xml[];
  /** The session: `name=value`; left out, the call needs none. */
  readonly cookie?: string | undefined;
  /** Elements of the answer that are handed over one by one, by local name. */
  readonly pieces?: { readonly name: string; take(piece: XmlElement): void };
}

export interface SoapAnswer {
  readonly result: XmlElement | SoapFault;
  /** Of foreign origin. */
  readonly headers: WebResponse['headers'];
}

/** A `val` of a virtual machine with many devices is far below. */
const longestPart = 8 * 1024 * 1024;

export class SoapClient {
  readonly #connections: Connections;
  readonly #place: WebPlace;
  /** For messages: a URL without secrets. */
  readonly shownPlace: string;
  readonly #countRequest: () => void;

  /** @param countRequest called before each request */
  constructor(connections: Connections, place: WebPlace, countRequest: () => void) {
    this.#connections = connections;
    this.#place = place;
    this.#countRequest = countRequest;
    this.shownPlace = showWebPlace(place);
  }

  /**
   * Calls a method. A fault of the server is a result; pieces may have been taken before it.
   *
   * @throws CourierError, the signal's reason included
   */
  async call(call: SoapCall, signal: AbortSignal): Promise<SoapAnswer> {
    const { method, on, parameters = [], cookie, pieces } = call;
    const reader = new ElementReader({
      pieces: new Set(pieces === undefined ? [] : [pieces.name]),
      onPiece: (piece) => pieces?.take(piece),
      deepest: 60,
      longest: longestPart,
    });
    const headers: HeaderLine[] = [
      { name: 'content-type', value: 'text/xml; charset="utf-8"' },
      { name: 'soapaction', value: 'urn:vim25/5.0' },
      // The answer is read as it comes.
      { name: 'accept-encoding', value: 'identity' },
    ];
    if (cookie !== undefined) headers.push({ name: 'cookie', value: cookie });
    this.#countRequest();
    const response = await this.#connections.ask(
      {
        place: this.#place,
        isKnown: true,
        call: {
          method: 'POST',
          headers,
          body: writeCall(method, on, parameters),
          wants: isSoapStatus,
          take: (piece) => reader.write(piece),
        },
      },
      signal,
    );
    // Faults come with status 500: SOAP 1.1, 6.2.
    if (!isSoapStatus(response.status)) this.#refuse(response);
    return { result: this.#readEnd(reader, method, response), headers: response.headers };
  }

  /** A redirect is not followed: whoever it leads to would get the password. */
  #refuse(response: WebResponse): never {
    if (!isRedirect(response.status)) checkStatus(response, this.shownPlace);
    const target = quote(response.headers.get('location') ?? '');
    const why = `${showStatus(response)}; it leads to ${target} and is not followed`;
    throw new CourierError('PEER', `${this.shownPlace}: ${why}`);
  }

  #readEnd(reader: ElementReader, method: string, response: WebResponse): XmlElement | SoapFault {
    const { status } = response;
    try {
      return readAnswer(reader.end(), { method, status, place: this.shownPlace });
    } catch (error) {
      if (status === 200 || !(error instanceof CourierError)) throw error;
      throw new CourierError('PEER', `${this.shownPlace}: ${showStatus(response)}`);
    }
  }
}

function isSoapStatus(status: number): boolean {
  return status === 200 || status === 500;
}

/**
 * The results of a call.
 *
 * @throws CourierError REFUSED where the server says that it may not be done, else PEER
 */
export function resultOf({ result }: SoapAnswer, what: string): XmlElement {
  if (!isSoapFault(result)) return result;
  throw faultOf(result, what);
}

/** What is told of a fault that nobody expects. */
function faultOf({ kind, said }: SoapFault, what: string): CourierError {
  const code = /^(NoPermission|InvalidLogin|NotAuthenticated|RestrictedVersion)$/.test(kind)
    ? 'REFUSED'
    : 'PEER';
  const told = said === '' || said === kind ? '' : `, saying ${quote(said)}`;
  return new CourierError(
    code,
    `${what}: the server answers ${kind === '' ? 'with a fault' : quote(kind)}${told}`,
  );
}
