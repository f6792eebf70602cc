/** Licenses of the server. */

import { textAt, type XmlElement } from '../../xml/element.ts';

export interface License {
  readonly name: string;
  readonly used: string;
  readonly total: string;
}

/** @param value of the property `licenses`; an evaluation license has a total of 0 and is left out */
export function readLicenses(value: XmlElement): readonly License[] {
  return value.children
    .map((license) => ({
      name: textAt(license, 'name') ?? '',
      used: textAt(license, 'used') ?? '0',
      total: textAt(license, 'total') ?? '0',
    }))
    .filter(({ total }) => Number(total) !== 0);
}
