/** The one file in a multipart/form-data body (RFC 7578), as agents send it. */

import { Refusal } from './refusal.ts';

const mostParts = 8;
const lineEnd = Buffer.from('\r\n');
const headEnd = Buffer.from('\r\n\r\n');

/**
 * The content of the part of that name.
 *
 * @param contentType the request's header
 * @throws Refusal 422 when there is no such part, or more than one, or the body is ill-formed
 */
export function readPart(body: Buffer, contentType: string | undefined, name: string): Buffer {
  const parts = splitParts(body, boundaryOf(contentType));
  const found = parts.filter((part) => nameOf(part.head) === name);
  const [first, second] = found;
  if (first === undefined) throw invalid(`there is no part ${name}`);
  if (second !== undefined) throw invalid(`there is more than one part ${name}`);
  return first.content;
}

/** At most 70 characters (RFC 2046 5.1.1), in quotes or not. */
function boundaryOf(contentType: string | undefined): string {
  const form =
    /^multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))/i;
  const [, quoted, plain] = form.exec((contentType ?? '').slice(0, 500)) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) throw invalid('the body is not multipart/form-data');
  return boundary;
}

interface Part {
  readonly head: string;
  readonly content: Buffer;
}

function splitParts(body: Buffer, boundary: string): readonly Part[] {
  const opening = Buffer.from(`--${boundary}`);
  const delimiter = Buffer.concat([lineEnd, opening]);
  const parts: Part[] = [];
  let at = findOpening(body, opening);
  while (!isAt(body, at, '--')) {
    if (parts.length === mostParts) throw invalid(`there are more than ${mostParts} parts`);
    const lineStop = body.indexOf(lineEnd, at);
    const end = body.indexOf(delimiter, Math.max(at, lineStop));
    // A part without header lines has only the empty line.
    const headStop = body.indexOf(headEnd, lineStop);
    if (lineStop < 0 || end < 0 || headStop < 0 || headStop + 4 > end + 2) {
      throw invalid('the multipart body is ill-formed or cut short');
    }
    parts.push({
      head: body.toString('latin1', lineStop + 2, headStop),
      content: body.subarray(headStop + 4, Math.max(headStop + 4, end)),
    });
    at = end + delimiter.length;
  }
  return parts;
}

/** Behind the first boundary; text may stand before it. */
function findOpening(body: Buffer, opening: Buffer): number {
  if (body.subarray(0, opening.length).equals(opening)) return opening.length;
  const found = body.indexOf(Buffer.concat([lineEnd, opening]));
  if (found < 0) throw invalid('the multipart body is ill-formed or cut short');
  return found + lineEnd.length + opening.length;
}

function isAt(body: Buffer, at: number, text: string): boolean {
  return body.toString('latin1', at, at + text.length) === text;
}

function nameOf(head: string): string | undefined {
  const [, value = ''] = /^content-disposition:\s*form-data\s*;(.*)$/im.exec(head) ?? [];
  const [, quoted, plain] = /(?:^|;)\s*name=(?:"([^"]*)"|([^\s;"]+))/i.exec(value) ?? [];
  return quoted ?? plain;
}

function invalid(message: string): Refusal {
  return new Refusal('invalid', message);
}
