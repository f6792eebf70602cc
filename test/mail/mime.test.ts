import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { CourierError } from '../../src/faults/errors.ts';
import { extractOutput } from '../../src/mail/mime.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { makeJudge } from '../helpers/judge.ts';
import { makeOpenContext } from '../helpers/open-context.ts';
import { makeMail, makeMessage, makeMultipart, type Part, toBase64Lines } from './messages.ts';

const output = Buffer.from('<<<check_mk>>>\nVersion: 2.4.0\nM\xfcller\n', 'latin1');

/** Judges as a fetch does. */
const accepts = makeJudge(1_000_000);

const askFor = (signal: AbortSignal) => ({ host: parseHostName('web01'), signal });

async function extract(message: Buffer, maxOutputBytes = 1_000_000): Promise<Buffer> {
  const context = makeOpenContext({ maxOutputBytes });
  return (await extractOutput(message, context, askFor(context.signal))).output;
}

/** The output, and what was passed over for it. */
async function extractJudged(message: Buffer): Promise<readonly unknown[]> {
  const context = makeOpenContext({ accepts });
  const found = await extractOutput(message, context, askFor(context.signal));
  const passedOver = found.passedOver.map(({ name, why }) => `${name}: ${why}`);
  return [found.output.toString('latin1'), ...passedOver];
}

async function extractText(message: Buffer): Promise<string> {
  return (await extract(message)).toString('latin1');
}

function attach(body: Buffer | string, headers: Record<string, string> = {}): Part {
  return {
    headers: { 'Content-Type': 'application/octet-stream', ...headers },
    body,
  };
}

const base64 = { 'Content-Transfer-Encoding': 'base64' };
const note: Part = { headers: { 'Content-Type': 'text/plain' }, body: 'see attachment' };

function mix(...parts: readonly Part[]): Buffer {
  const { headers, body } = makeMultipart(parts);
  return makeMessage({ Subject: 'x', ...headers }, body);
}

test('a plain body is the output, in any encoding and any character set', async () => {
  const bodies: readonly (readonly [string, Buffer | string])[] = [
    ['8bit', output],
    ['binary', output],
    ['base64', output.toString('base64')],
    ['quoted-printable', output.toString('latin1').replace('\xfc', '=FC')],
  ];
  for (const charset of ['us-ascii', 'utf-8', 'iso-8859-15', 'utf-16', 'no-such', '']) {
    for (const [encoding, body] of bodies) {
      const type = `text/plain; charset="${charset}"; format=flowed`;
      const headers = { 'Content-Type': type, 'Content-Transfer-Encoding': encoding };
      assert.deepEqual(await extract(makeMessage(headers, body)), output, `${charset} ${encoding}`);
    }
  }
});

test('without any MIME header the body is text', async () => {
  const message = makeMessage({ Subject: 'x' }, output.toString('latin1'));
  assert.match(await extractText(message), /^<<<check_mk>>>\n/);
});

test('an attachment goes before the text beside it', async () => {
  assert.deepEqual(await extract(makeMail('web1', output)), output);
  assert.deepEqual(await extract(mix(note, attach(output.toString('base64'), base64))), output);
});

test('compressed attachments stay compressed', async () => {
  const packed = gzipSync(output);
  for (const type of ['application/gzip', 'application/x-gzip', 'application/zstd', 'x/y']) {
    const headers = { ...base64, 'Content-Type': `${type}; name="output.gz"` };
    assert.deepEqual(await extract(mix(note, attach(toBase64Lines(packed), headers))), packed);
  }
});

test('what is no output is passed over: signatures, images, forwarded mail', async () => {
  const message = mix(
    note,
    attach('aGVsbG8=', { ...base64, 'Content-Type': 'image/png; name="logo.png"' }),
    attach('x', { 'Content-Type': 'application/pgp-signature; name="signature.asc"' }),
    attach('Subject: x\r\n\r\nold', { 'Content-Type': 'message/rfc822' }),
    attach('<b>', { 'Content-Type': 'text/html' }),
    attach(output, { 'Content-Type': 'text/plain', 'Content-Disposition': 'attachment' }),
    attach('second', { 'Content-Type': 'application/octet-stream' }),
  );
  assert.deepEqual(await extract(message), output);
});

test('a name says that a text is an attachment', async () => {
  for (const name of ['output.txt', 'web1.out']) {
    const type = { 'Content-Type': `text/x-log; name="${name}"` };
    assert.deepEqual(await extract(mix(note, attach(output, type))), output);
  }
  const encoded = { 'Content-Disposition': "inline; filename*=utf-8''a%20b.txt" };
  assert.deepEqual(
    await extract(mix(note, attach(output, { ...encoded, 'Content-Type': 'x/y' }))),
    output,
  );
});

test('of HTML and text the text is taken', async () => {
  const { headers, body } = makeMultipart([
    { headers: { 'Content-Type': 'text/html' }, body: '<html>' },
    { headers: { 'Content-Type': 'text/plain' }, body: output },
  ]);
  const alternative = {
    'Content-Type': headers['Content-Type']?.replace('mixed', 'alternative') ?? '',
  };
  assert.deepEqual(await extract(makeMessage(alternative, body)), output);
});

test('parts of parts are looked into', async () => {
  const inner = makeMultipart([note, attach(output.toString('base64'), base64)], 'inner');
  const middle = makeMultipart([note, inner], 'middle');
  assert.deepEqual(await extract(mix(note, middle)), output);
});

test('every byte survives as attachment, in lines of any length', async () => {
  const bytes = Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7) % 256));
  assert.deepEqual(await extract(mix(attach(toBase64Lines(bytes), base64))), bytes);
  assert.deepEqual(await extract(mix(attach(bytes.toString('base64'), base64))), bytes);
  const binary = { 'Content-Transfer-Encoding': 'binary' };
  assert.deepEqual(await extract(mix(attach(bytes, binary))), bytes);
});

test('LF alone as line end, as in a Maildir, is as good', async () => {
  const message = makeMail('web1', output).toString('latin1').replaceAll('\r\n', '\n');
  assert.deepEqual(await extract(Buffer.from(message, 'latin1')), output);
});

test('neither attachment nor text is MALFORMED', async () => {
  const html = makeMessage({ 'Content-Type': 'text/html' }, '<html>');
  await expectFault(extract(html), 'MALFORMED', /^it has neither an attachment/);
  await expectFault(extract(mix()), 'MALFORMED');
});

test('a message cut off in the part that matters is MALFORMED', async () => {
  const whole = makeMail('web1', Buffer.alloc(1000, 'x'));
  const cut = whole.subarray(0, whole.length - 300);
  await expectFault(extract(cut), 'MALFORMED', /^it ends in the middle/);
});

test('exactly as much as is allowed passes, one byte more is TOO_LARGE', async () => {
  const message = mix(attach(output.toString('base64'), base64));
  assert.deepEqual(await extract(message, output.length), output);
  await expectFault(extract(message, output.length - 1), 'TOO_LARGE');
});

test('ten thousand parts, side by side or within each other, are MALFORMED soon', async () => {
  const many = Array.from({ length: 10_000 }, () => note);
  await expectFault(extract(mix(...many)), 'MALFORMED', /more parts/);
  const nested = Array.from(
    { length: 10_000 },
    (_, index) => `Content-Type: multipart/mixed; boundary="b${index}"\r\n\r\n--b${index}\r\n`,
  );
  await expectFault(extract(Buffer.from(nested.join(''))), 'MALFORMED');
});

test('headers without end are MALFORMED', async () => {
  const long = makeMessage({ Subject: 'x'.repeat(1_000_000) }, 'body');
  await expectFault(extract(long), 'MALFORMED', /longer headers/);
});

test('an abort ends it with its reason', async () => {
  const reason = new CourierError('TIMEOUT', 'over');
  const message = makeMail('web1', Buffer.alloc(1_000_000));
  const extracting = extractOutput(
    message,
    makeOpenContext({ maxOutputBytes: 5_000_000 }),
    askFor(AbortSignal.abort(reason)),
  );
  assert.equal(await extracting.catch((error) => error), reason);
});

test('a message cut or changed anywhere gives output or a CourierError', async () => {
  const whole = makeMail('web1', output);
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), fc.boolean(), async (at, byte, cut) => {
      const broken = Buffer.from(cut ? whole.subarray(0, at) : whole);
      if (!cut) broken[at] = byte;
      await extract(broken).catch((error) => assert.equal(error.name, 'CourierError'));
    }),
    { numRuns: 300 },
  );
});

const text = output.toString('latin1');

test('an attachment that is something else does not hide the output, and is named', async () => {
  const zip = Buffer.from('504b03040a00000000008b6b7c5d', 'hex');
  const odd = attach(zip.toString('base64'), {
    ...base64,
    'Content-Type': 'application/octet-stream; name="winmail.dat"',
  });
  const logo = attach('aGVsbG8=', { ...base64, 'Content-Type': 'image/png; name="logo.png"' });
  const signature = attach('-----BEGIN PGP SIGNATURE-----\r\n', {
    'Content-Type': 'application/pgp-signature; name="signature.asc"',
  });
  const passedOver = [
    'winmail.dat: this is a zip archive, not agent output',
    'logo.png: image/png',
  ];
  assert.deepEqual(await extractJudged(mix(note, odd, logo, attach(output), signature)), [
    text,
    ...passedOver,
    // Nobody had to look at it any more.
    'signature.asc: application/pgp-signature',
  ]);
  assert.deepEqual(await extractJudged(mix({ headers: {}, body: output }, odd, logo, signature)), [
    text,
    ...passedOver,
    'signature.asc: this is a PGP signature, not agent output',
  ]);
});

test('output of a type nobody knows is found by its first bytes', async () => {
  const odd = attach(output, { 'Content-Type': 'application/x-check-mk; name="web1.agent"' });
  assert.deepEqual(await extractJudged(mix(note, odd)), [text]);
});

test('text that is put in front of the text is passed over', async () => {
  const caution = { headers: { 'Content-Type': 'text/plain' }, body: 'CAUTION: external mail' };
  const body = { headers: { 'Content-Type': 'text/plain' }, body: output };
  assert.deepEqual(await extractJudged(mix(caution, body)), [text]);
});

test('text beside a damaged attachment is not taken for it', async () => {
  const excerpt = { headers: { 'Content-Type': 'text/plain' }, body: '<<<check_mk>>>\n' };
  const torn = gzipSync(output).subarray(0, 30);
  const message = mix(excerpt, attach(torn.toString('base64'), base64));
  const [delivered] = await extractJudged(message);
  assert.equal(delivered, torn.toString('latin1'));
  const cut = mix(excerpt, attach(toBase64Lines(Buffer.alloc(1000, 'x')), base64));
  await expectFault(
    extract(cut.subarray(0, cut.length - 300)),
    'MALFORMED',
    /^it ends in the middle/,
  );
});

test('where nothing is output, the first attachment is delivered, and the others are named', async () => {
  const page = attach('<html>', { 'Content-Type': 'text/plain; name="page.txt"' });
  assert.deepEqual(await extractJudged(mix(note, page, attach('junk'))), [
    '<html>',
    'application/octet-stream: no section header in it; it begins with "junk"',
  ]);
  assert.deepEqual(await extractJudged(mix(note)), ['see attachment']);
  const pdf = attach('%PDF', { 'Content-Type': 'application/pdf; name="report.pdf"' });
  const html = attach('<b>', { 'Content-Type': 'text/html' });
  await expectFault(
    extractOutput(
      mix(html, pdf),
      makeOpenContext({ accepts }),
      askFor(new AbortController().signal),
    ),
    'MALFORMED',
    /^it has neither an attachment for us nor a text\/plain part; passed over report\.pdf \(no section header in it; it begins with "%PDF"\)$/,
  );
});

test('a whole attachment counts, whatever comes behind it', async () => {
  const many = Array.from({ length: 2000 }, () => note);
  assert.deepEqual(await extract(mix(attach(output), ...many)), output);
});

test('format=flowed is undone, before anything looks at it', async () => {
  const flowed = (body: string, more = '') =>
    makeMessage({ 'Content-Type': `text/plain; charset=utf-8; format=flowed${more}` }, body);
  const lines = '<<<df>>>\r\n/dev/sda1 ext4 100 200 \r\n300 40% /\r\n >>> x\r\n From me\r\n  y\r\n';
  const expected = '<<<df>>>\n/dev/sda1 ext4 100 200 300 40% /\n>>> x\nFrom me\n y\n';
  assert.equal(await extractText(flowed(lines)), expected);
  const cut = '<<<df>>>\r\n/dev/s \r\nda1 ext4\r\n';
  assert.equal(await extractText(flowed(cut, '; DelSp=yes')), '<<<df>>>\n/dev/sda1 ext4\n');
  assert.equal(
    await extractText(makeMessage({ 'Content-Type': 'text/plain' }, ' a \r\nb\r\n')),
    ' a \nb\n',
  );
});
