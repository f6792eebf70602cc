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

/**
 * @param document a whole envelope
 * @returns the element with the results, or why there are none
 * @throws CourierError PEER, where it is XML and neither
 */
export function readAnswer(document: XmlElement, place: string): XmlElement | SoapFault {
  const content = childOf(document, 'Body')?.children[0];
  if (document.name !== 'Envelope' || content === undefined) {
    const why = `the answer is ${quote(`<${document.name}>`)}, no SOAP envelope with a body`;
    throw new CourierError('PEER', `${place}: ${why}`);
  }
  return content.name === 'Fault' ? readFault(content) : content;
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
