import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type Rule, rules } from '../../../src/setup/packages/problems.ts';
import { type TarFile, writeTar } from '../../../src/setup/packages/tar-writer.ts';
import { verifyPackage } from '../../../src/setup/packages/verify.ts';
import { catchThrown } from '../../helpers/catch-thrown.ts';
import {
  docs,
  file,
  type Ingredients,
  membersOf,
  pack,
  part,
  plugins,
  toInfo,
  withDocs,
  withFields,
} from './ingredients.ts';

const good = withFields({});
const fileName = 'sample-1.2.3.mkp';
const maxBytes = 10_000_000;

function rulesBrokenBy(bytes: Buffer, name: string | undefined = fileName): readonly Rule[] {
  const { problems } = verifyPackage({ bytes, fileName: name, maxBytes });
  return [...new Set(problems.map(({ rule }) => rule))];
}

/** A header of tar with another type. */
function withType(member: TarFile, type: string): Buffer {
  const archive = writeTar([member]);
  archive.write(type, 156);
  archive.write(' '.repeat(8), 148);
  const sum = archive.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  archive.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return archive;
}

function replaceParts(...parts: readonly TarFile[]): Buffer {
  return pack({ ...good, parts });
}

/** The good one with another archive of `doc`. */
function withDocArchive(bytes: Buffer): Buffer {
  return replaceParts(part('cmk_addons_plugins', plugins), { ...file('doc.tar', ''), bytes });
}

function spoil(change: Partial<Ingredients>): Buffer {
  return pack({ ...good, ...change });
}

function replaceInfo(from: string, to: string): Buffer {
  assert.ok(good.info.includes(from), from);
  return spoil({ info: good.info.replace(from, to) });
}

const packed = pack(good);
const outer = writeTar(membersOf(good));
const damagedSum = Buffer.from(outer);
damagedSum[0] = 0x58;
const lateByte = Buffer.concat([writeTar(docs), Buffer.alloc(511), Buffer.from('x')]);
const latin1 = Buffer.from(good.info.replace('Röntgen 🚀', 'Röntgen'), 'latin1');
const { files: _files, ...withoutFiles } = JSON.parse(good.infoJson);

/** Packages that each break one rule, and no other. */
const broken: Readonly<Record<string, readonly [Rule, Buffer]>> = {
  'a zip': ['not-gzip', Buffer.from('PK\x03\x04')],
  'nothing at all': ['not-gzip', Buffer.alloc(0)],
  'cut off': ['damaged', packed.subarray(0, -20)],
  'one bit changed': [
    'damaged',
    Buffer.from(packed.map((byte, at) => (at === 200 ? byte ^ 4 : byte))),
  ],
  'gzip of a text': ['damaged', gzipSync('no archive, but a text')],
  'a header with a wrong sum': ['damaged', gzipSync(damagedSum)],
  'an archive without its end': ['damaged', gzipSync(outer.subarray(0, -1024))],
  'bytes behind gzip': ['trailing-data', Buffer.concat([packed, Buffer.from('more')])],
  'bytes behind the archive of a part': ['trailing-data', withDocArchive(lateByte)],
  './info beside info': ['extra-member', replaceParts(...good.parts, file('./info', good.info))],
  'a stranger': ['extra-member', replaceParts(...good.parts, file('setup.py', ''))],
  'an archive of a part without files': [
    'extra-member',
    replaceParts(...good.parts, part('bin', [])),
  ],
  'info twice': ['double-member', replaceParts(...good.parts, file('info', good.info))],
  'a file twice in a part': [
    'double-member',
    replaceParts(part('cmk_addons_plugins', plugins), part('doc', [...docs, ...docs])),
  ],
  'a link': ['irregular-member', withDocArchive(withType(file('sample/README', ''), '2'))],
  'a hard link': ['irregular-member', withDocArchive(withType(file('sample/README', ''), '1'))],
  'a device': ['irregular-member', withDocArchive(withType(file('sample/README', ''), '3'))],
  './info in place of info': [
    'missing-member',
    gzipSync(writeTar([file('info.json', good.infoJson), ...good.parts])),
  ],
  'a part without its archive': ['missing-member', replaceParts(part('doc', docs))],
  'no info.json': ['no-info-json', gzipSync(writeTar([file('info', good.info), ...good.parts]))],
  'null of JSON': ['not-a-literal', replaceInfo(':None', ':null')],
  'a call': ['not-a-literal', replaceInfo('"me"', 'open("/etc/passwd").read()')],
  'an escaped surrogate pair': ['not-a-literal', replaceInfo('🚀', '\\ud83d\\ude80')],
  'two manifests': ['not-a-literal', spoil({ info: `${good.info}, ${good.info}` })],
  'a name twice in the manifest': [
    'not-a-literal',
    replaceInfo('"author":"me"', '"author":"me","author":"you"'),
  ],
  'a byte order mark': ['not-utf-8', spoil({ info: `\ufeff${good.info}` })],
  'Latin-1': [
    'not-utf-8',
    gzipSync(writeTar([{ ...file('info', ''), bytes: latin1 }, ...membersOf(good).slice(1)])),
  ],
  'a manifest without files': [
    'missing-field',
    spoil({ info: toInfo(withoutFiles), infoJson: JSON.stringify(withoutFiles) }),
  ],
  'a number as version': ['wrong-type', pack(withFields({ version: 1 }))],
  'no lower bound': ['wrong-type', pack(withFields({ 'version.min_required': null }))],
  'a number as upper bound': ['wrong-type', pack(withFields({ 'version.usable_until': 3 }))],
  'files as a list': ['wrong-type', pack(withFields({ files: ['sample/README'] }))],
  'a list as manifest': [
    'wrong-type',
    spoil({ info: `[${good.info}]`, infoJson: `[${good.infoJson}]` }),
  ],
  'a file that is a number': ['wrong-type', pack(withFields({ files: { doc: [1] } }))],
  'a name that begins with a digit': ['invalid-name', pack(withFields({ name: '1sample' }))],
  'a name with a line feed': ['invalid-name', pack(withFields({ name: 'sample\n' }))],
  'a name that leads away': ['invalid-name', pack(withFields({ name: '../sample' }))],
  'a name in Greek': ['odd-name', pack(withFields({ name: 'δείγμα' }))],
  'a version with a slash': ['invalid-version', pack(withFields({ version: '1/2' }))],
  'a version of two numbers': ['odd-version', pack(withFields({ version: '1.2' }))],
  'a bound nobody reads': ['unreadable-bound', pack(withFields({ 'version.min_required': 'two' }))],
  'bounds with nothing between': [
    'empty-range',
    pack(withFields({ 'version.usable_until': '2.3.0p1' })),
  ],
  'a part nobody knows': [
    'unknown-part',
    pack({ ...withFields({ files: { cron: ['x'] } }), parts: [part('cron', [file('x', '')])] }),
  ],
  'a part nobody looks into': [
    'outdated-part',
    pack({ ...withFields({ files: { checks: ['x'] } }), parts: [part('checks', [file('x', '')])] }),
  ],
  'no files': ['no-files', pack({ ...withFields({ files: {} }), parts: [] })],
  'an absolute path': ['unsafe-path', pack(withDocs('/etc/passwd'))],
  'a path that leads up': ['unsafe-path', pack(withDocs('sample/../../../x'))],
  'a path from here': ['unsafe-path', pack(withDocs('./sample'))],
  'an empty part of a path': ['unsafe-path', pack(withDocs('sample//x'))],
  'a directory': ['unsafe-path', pack(withDocs('sample/'))],
  'a backslash': ['unsafe-path', pack(withDocs('sample\\x'))],
  'an option of tar': ['unsafe-path', pack(withDocs('--to-command=sh'))],
  'a line feed in a path': ['unsafe-path', pack(withDocs('sample\nx'))],
  'the same file twice in the manifest': ['double-file', pack(withDocs('x', 'x'))],
  'one place by two parts': [
    'double-file',
    pack({
      ...withFields({ files: { lib: ['python3/cmk/plugins/x'], cmk_plugins: ['x'] } }),
      parts: [
        part('lib', [file('python3/cmk/plugins/x', '')]),
        part('cmk_plugins', [file('x', '')]),
      ],
    }),
  ],
  'a file that is a folder': ['file-as-folder', pack(withDocs('x', 'x/y'))],
  'a file that is missing': [
    'missing-file',
    replaceParts(part('cmk_addons_plugins', plugins.slice(1)), part('doc', docs)),
  ],
  'a file nobody listed': [
    'unlisted-file',
    replaceParts(part('cmk_addons_plugins', plugins), part('doc', [...docs, file('x', '')])),
  ],
  'info.json of another version': [
    'info-json-differs',
    spoil({ infoJson: good.infoJson.replace('1.2.3', '1.2.4') }),
  ],
  'info.json cut off': ['info-json-differs', spoil({ infoJson: good.infoJson.slice(0, -1) })],
  'a program nobody calls': [
    'never-run',
    pack({
      ...withFields({ files: { cmk_addons_plugins: ['x/libexec/sample'] } }),
      parts: [part('cmk_addons_plugins', [file('x/libexec/sample', '#!/bin/sh\n')])],
    }),
  ],
  'a program that cannot be run': [
    'no-program',
    pack({ ...withFields({ files: { bin: ['x'] } }), parts: [part('bin', [file('x', 'text')])] }),
  ],
};

test('a good package breaks no rule, and what is in it is told', () => {
  const { manifest, parts, problems } = verifyPackage({ bytes: packed, fileName, maxBytes });
  assert.deepEqual(problems, []);
  assert.equal(manifest?.name, 'sample');
  assert.equal(manifest.title, 'Röntgen 🚀');
  assert.deepEqual(parts, [
    { part: 'cmk_addons_plugins', files: 2, bytes: 10 },
    { part: 'doc', files: 1, bytes: 4 },
  ]);
});

/** What breaks a second rule by its nature. */
const alsoBroken = new Map([['a directory', ['irregular-member']]]);

for (const [what, [rule, bytes]] of Object.entries(broken)) {
  test(`${what}: ${rule}`, () => {
    const { manifest } = verifyPackage({ bytes, fileName: undefined, maxBytes });
    const name = manifest === null ? fileName : `${manifest.name}-${manifest.version}.mkp`;
    assert.deepEqual(rulesBrokenBy(bytes, name), [rule, ...(alsoBroken.get(what) ?? [])]);
  });
}

test('a file that is called otherwise: wrong-file-name', () => {
  assert.deepEqual(rulesBrokenBy(packed, 'sample-1.2.4.mkp'), ['wrong-file-name']);
});

test('every rule is broken by one of them', () => {
  const tried = [...Object.values(broken).map(([rule]) => rule), 'wrong-file-name'];
  assert.deepEqual([...new Set(tried)].sort(), Object.keys(rules).sort());
});

test('what unpacks to more than is allowed is not unpacked', () => {
  const bytes = gzipSync(Buffer.alloc(1_000_000));
  const fault = catchThrown(() => verifyPackage({ bytes, fileName, maxBytes: 999_999 }));
  assert.equal(fault.code, 'TOO_LARGE');
  assert.equal(fault.message, 'unpacked it is more than the allowed 999999 bytes (--max-size)');
});

test('a good package cut anywhere, or with any byte changed, is never good and never a crash', () => {
  const archive = writeTar(membersOf(withDocs('x')));
  for (let at = 0; at < archive.length; at += 7) {
    const cut = gzipSync(archive.subarray(0, at), { level: 1 });
    assert.notDeepEqual(rulesBrokenBy(cut), []);
  }
  for (let at = 0; at < archive.length; at += 1) {
    const changed = Buffer.from(archive);
    changed[at] = (changed[at] ?? 0) ^ 0x20;
    verifyPackage({ bytes: gzipSync(changed, { level: 1 }), fileName, maxBytes });
  }
});

test('what an old or newer tool adds to a manifest is passed over', () => {
  assert.deepEqual(rulesBrokenBy(pack(withFields({ num_files: 3, signature: { by: [1.5] } }))), []);
});

test('a manifest made to take long, or to run out of stack, is judged all the same', () => {
  const long = 3_900_000;
  const infos: Readonly<Record<string, Rule>> = {
    [' '.repeat(long)]: 'not-a-literal',
    ['#\n'.repeat(long / 2)]: 'not-a-literal',
    ['['.repeat(long)]: 'not-a-literal',
    ["'a'".repeat(long / 3)]: 'wrong-type',
    [`'${'\\n'.repeat(long / 2)}'`]: 'wrong-type',
    [`[${'1,'.repeat(long / 2)}]`]: 'wrong-type',
    ['x'.repeat(long)]: 'not-a-literal',
    ['1'.repeat(long)]: 'not-a-literal',
    ['1_'.repeat(long / 2)]: 'not-a-literal',
    [`0x${'f_'.repeat(long / 2)}`]: 'not-a-literal',
  };
  for (const [info, rule] of Object.entries(infos)) {
    assert.deepEqual(rulesBrokenBy(spoil({ info })), [rule], info.slice(0, 4));
  }
  assert.deepEqual(
    rulesBrokenBy(spoil({ infoJson: '['.repeat(long / 2) + ']'.repeat(long / 2) })),
    ['info-json-differs'],
  );
  const deep = 'a/'.repeat(long / 2);
  const bytes = pack({ ...withFields({ files: { doc: [deep] } }), infoJson: '{}', parts: [] });
  assert.ok(rulesBrokenBy(bytes).includes('unsafe-path'));
});

test('headers about members have an end, however well they are packed', () => {
  const headers = { ...file('x', ''), bytes: Buffer.alloc(33 * 1024 ** 2, '5 a=\n') };
  const bytes = gzipSync(withType(headers, 'x'));
  const { problems } = verifyPackage({ bytes, fileName: undefined, maxBytes: 64 * 1024 ** 2 });
  assert.deepEqual(
    problems.map(({ message }) => message),
    ['the archive: its extended headers are too long'],
  );
});
