/** Messages as mail programs write them. */

interface Headers {
  readonly [name: string]: string;
}

/** Header lines, an empty line and a body, all with CR LF. */
export function makeMessage(headers: Headers, body: Buffer | string): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${lines.join('')}\r\n`), Buffer.from(body)]);
}

/** A part of a multipart message, or a whole one. */
export interface Part {
  readonly headers: Headers;
  readonly body: Buffer | string;
}

/** A body of several parts and its content type. */
export function makeMultipart(parts: readonly Part[], boundary = 'b-1'): Part {
  const pieces = parts.flatMap(({ headers, body }) => [
    Buffer.from(`--${boundary}\r\n`),
    makeMessage(headers, body),
    Buffer.from('\r\n'),
  ]);
  return {
    headers: { 'Content-Type': `multipart/mixed; boundary="${boundary}"` },
    body: Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]),
  };
}

/** base64 in lines of 76 characters. */
export function toBase64Lines(bytes: Buffer): string {
  return bytes.toString('base64').replace(/.{76}/g, '$&\r\n');
}

/** What courier-send-mail sends: a text, and the output as attachment. */
export function makeMail(host: string, output: Buffer, headers: Headers = {}): Buffer {
  const { headers: own, body } = makeMultipart([
    { headers: { 'Content-Type': 'text/plain' }, body: 'Checkmk agent output' },
    {
      headers: {
        'Content-Type': 'application/octet-stream; name="agent-output"',
        'Content-Disposition': 'attachment; filename="agent-output"',
        'Content-Transfer-Encoding': 'base64',
      },
      body: toBase64Lines(output),
    },
  ]);
  const usual = {
    From: `root <root@${host}.example.com>`,
    To: 'checkmk@example.com',
    Subject: `Checkmk ${host}`,
    Date: toMailDate(new Date()),
    'MIME-Version': '1.0',
  };
  return makeMessage({ ...usual, ...own, ...headers }, body);
}

/** What `date` prints on a German host: no mail program can read it. */
export const germanDate = 'Don Jan  1 10:00:00 CET 2026';

/** `Fri, 20 Nov 2026 10:00:00 +0000`. */
export function toMailDate(time: Date): string {
  return time.toUTCString().replace('GMT', '+0000');
}
