/** What node:crypto does not tell of a certificate, read from its DER (RFC 5280, 4.1). */

import { CourierError } from '../faults/errors.ts';
import { childAt, childrenOf, type DerElement, readDer, tags, toOid } from './der.ts';

export interface CertificateFields {
  /** 1 or 3; 2 is unused. */
  readonly version: number;
  /** The whole Name, to be compared byte by byte. */
  readonly issuer: Buffer;
  readonly subject: DerElement;
  readonly extensions: readonly Extension[];
}

export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Buffer;
}

/**
 * @param raw the certificate as DER
 * @throws CourierError MALFORMED
 */
export function readCertificateFields(raw: Buffer): CertificateFields {
  const parts = childrenOf(childAt(readDer(raw, tags.sequence), 0, tags.sequence));
  const version = parts[0]?.tag === versionTag ? parts[0] : undefined;
  const [, , issuer, , subject, , ...optional] = version === undefined ? parts : parts.slice(1);
  if (issuer === undefined || subject === undefined) {
    throw new CourierError('MALFORMED', 'not a certificate');
  }
  const extensions = optional.find(({ tag }) => tag === extensionsTag);
  return {
    version: version === undefined ? 1 : 1 + (version.content.at(-1) ?? 0),
    issuer: issuer.bytes,
    subject,
    extensions: extensions === undefined ? [] : toExtensions(extensions),
  };
}

const versionTag = 0xa0;
const extensionsTag = 0xa3;

function toExtensions(element: DerElement): readonly Extension[] {
  return childrenOf(childAt(element, 0, tags.sequence)).map((extension) => {
    const parts = childrenOf(extension);
    return {
      oid: toOid(childAt(extension, 0, tags.oid)),
      critical: parts.length > 2,
      value: parts.at(-1)?.content ?? Buffer.alloc(0),
    };
  });
}

const readableTags: readonly number[] = [
  tags.utf8String,
  tags.printableString,
  tags.teletexString,
  tags.ia5String,
];

/**
 * Every common name (2.5.4.3) in a Name, in order.
 *
 * @throws CourierError MALFORMED also when one is in an encoding nobody uses any more
 */
export function commonNamesOf(name: DerElement): readonly string[] {
  return childrenOf(name)
    .flatMap(childrenOf)
    .filter((attribute) => toOid(childAt(attribute, 0, tags.oid)) === '2.5.4.3')
    .map((attribute) => {
      const value = childrenOf(attribute)[1];
      if (value !== undefined && readableTags.includes(value.tag)) return value.content.toString();
      throw new CourierError('MALFORMED', 'a common name is not in UTF-8 or ASCII');
    });
}
