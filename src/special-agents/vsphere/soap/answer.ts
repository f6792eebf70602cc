/** What a server answers to a call: its results, or a fault. */

import { CourierError, quote } from '../../../faults/errors.ts';
import { childOf, textAt, type XmlElement } from '../../xml/element.ts';

/** Why a server did not do what it was asked. */
export interface SoapFault {
  /** The name of the fault in the API without `Fault`, such as `NotAuthenticated`. */
  readonly kind: string;
  /** Of foreign origin: to be quoted. */
  readonly said: string;
}

/** Which call an answer is to, and how it came. */
export interface Answered {
  readonly method: string;
  /** Of HTTP. */
  readonly status: number;
  /** For messages. */
  readonly place: string;
}

/**
 * @param document a whole envelope
 * @returns the element with the results, or why there are none
 * @throws CourierError PEER, where it is XML and neither, or answers another call: without the
 * results of this one it would look as if there were none
 */
export function readAnswer(document: XmlElement, answered: Answered): XmlElement | SoapFault {
  const { method, status, place } = answered;
  const say = (why: string) => new CourierError('PEER', `${place}: ${why}`);
  const content = childOf(document, 'Body')?.children[0];
  if (document.name !== 'Envelope' || content === undefined) {
    throw say(`the answer is ${quote(`<${document.name}>`)}, no SOAP envelope with a body`);
  }
  if (content.name === 'Fault') return readFault(content);
  if (content.name !== `${method}Response`) {
    throw say(`the answer to ${method} is ${quote(`<${content.name}>`)}`);
  }
  if (status !== 200) throw say(`the answer to ${method} came with status ${status}`);
  return content;
}

function readFault(fault: XmlElement): SoapFault {
  const detail = childOf(fault, 'detail')?.children[0];
  const named = detail?.attributes.get('xsi:type') ?? detail?.name ?? '';
  const kind = named.replace(/^.*:/, '').replace(/Fault$/, '');
  return { kind, said: textAt(fault, 'faultstring') ?? '' };
}

export function isSoapFault(answer: XmlElement | SoapFault): answer is SoapFault {
  return 'kind' in answer;
}
