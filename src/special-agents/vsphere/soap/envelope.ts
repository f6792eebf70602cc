/**
 * The envelope around a call. `urn:vim25` is the default namespace and types have no prefix, since
 * the simulator vcsim understood no other prefix for long; real servers take both.
 */

import { element, type Xml } from '../../xml/write-element.ts';
import { type ManagedObject, writeReference } from './managed-object.ts';

/** SOAP 1.1. */
const envelope = {
  'xmlns:soapenv': 'http://schemas.xmlsoap.org/soap/envelope/',
  'xmlns:xsi': 'http://www.w3.org/2001/XMLSchema-instance',
};

/** The call of a method of a managed object, as the body of a POST. */
export function writeCall(method: string, on: ManagedObject, parameters: readonly Xml[]): Buffer {
  const call = element(method, { xmlns: 'urn:vim25' }, writeReference('_this', on), ...parameters);
  const { xml } = element('soapenv:Envelope', envelope, element('soapenv:Body', {}, call));
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`);
}
