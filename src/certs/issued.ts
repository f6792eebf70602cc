/** The record of certificates made for hosts, so that they can be found by uuid. */

import { join } from 'node:path';
import { appendLine, readTextFileIfThere } from '../system/durable-files.ts';
import { files } from './directory.ts';
import { isHostUuid } from './dns-name.ts';

export interface IssuedCertificate {
  /** 32 hexadecimal digits, lower case. */
  readonly serial: string;
  readonly uuid: string;
  readonly issuedAt: Date;
  readonly notAfter: Date;
}

/**
 * @throws CourierError LOCAL when it cannot be written
 */
export async function recordIssued(directory: string, issued: IssuedCertificate): Promise<void> {
  const { serial, uuid, issuedAt, notAfter } = issued;
  const line = [serial, uuid, issuedAt.toISOString(), notAfter.toISOString()].join(' ');
  await appendLine(join(directory, files.issued), line);
}

/**
 * Every certificate made for a host, the oldest first.
 *
 * @throws CourierError LOCAL when it cannot be read
 */
export async function readIssued(directory: string): Promise<readonly IssuedCertificate[]> {
  const text = await readTextFileIfThere(join(directory, files.issued));
  return text.split('\n').flatMap((line) => toIssued(line) ?? []);
}

/** A line that is not whole was not finished, and its certificate not given away. */
function toIssued(line: string): IssuedCertificate | undefined {
  const [serial = '', uuid = '', issued = '', until = ''] = line.trim().split(/\s+/);
  const [issuedAt, notAfter] = [new Date(issued), new Date(until)];
  const isWhole = /^[\da-f]{32}$/.test(serial) && isHostUuid(uuid) && Number(notAfter) > 0;
  return isWhole ? { serial, uuid, issuedAt, notAfter } : undefined;
}
