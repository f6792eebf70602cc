import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseHostName } from '../../src/names/host-name.ts';
import {
  makeBrokenName,
  makeFileName,
  namesOf,
  nextVersion,
  parseFileName,
  shardOf,
  shards,
} from '../../src/spool/names.ts';

const anyHost = fc
  .oneof(
    fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,239}$/),
    fc.ipV6(),
    fc.tuple(fc.ipV6(), fc.stringMatching(/^[A-Za-z0-9]{1,15}$/)).map((parts) => parts.join('%')),
    fc.constantFrom('a'.repeat(240), 'web1', 'WEB1', 'web1.', 'web1-', 'constructor'),
  )
  .map(parseHostName);
const anyTime = fc.date({ min: new Date(0), max: new Date(1e14), noInvalidDate: true });

test('a file name says whose it is and how new, and fits any Linux file system', () => {
  fc.assert(
    fc.property(anyHost, anyTime, (host, time) => {
      const version = nextVersion(time, undefined);
      const name = makeFileName(host, version);
      assert.deepEqual(parseFileName(name), { host, version });
      assert.ok(Buffer.byteLength(name) <= 255);
      assert.doesNotMatch(name, /[/\0]|^\./);
      assert.ok(shards.includes(shardOf(host)));
    }),
  );
});

test('names of different hosts never meet', () => {
  fc.assert(
    fc.property(anyHost, anyHost, anyTime, (one, other, time) => {
      const names = [makeFileName(one, nextVersion(time, undefined))];
      assert.deepEqual(namesOf(other, names), one === other ? names : []);
    }),
  );
});

test('names of a host sort by when it was received, then by the order of the puts', () => {
  fc.assert(
    fc.property(anyHost, fc.array(anyTime), (host, times) => {
      const names: string[] = [];
      let newest: number | undefined;
      for (const time of times.toSorted((a, b) => a.getTime() - b.getTime())) {
        newest = nextVersion(time, newest);
        names.unshift(makeFileName(host, newest));
      }
      assert.deepEqual(namesOf(host, names.toReversed()), names);
    }),
  );
});

test('what is set aside gets a name that fits, whatever it had been called', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 255 }), (name) => {
      assert.ok(Buffer.byteLength(makeBrokenName(name)) <= 255);
    }),
  );
});

test("file names that are not quite ours are nobody's", () => {
  const names = [
    'web1',
    'web1~',
    'web1~0mi7wq2d40x3',
    'web1~0mi7wq2d40x3fg',
    '~0mi7wq2d40x3f',
    '-x~0mi7wq2d40x3f',
    '..~0mi7wq2d40x3f',
    'a b~0mi7wq2d40x3f',
    'web1~0MI7WQ2D40X3F',
  ];
  for (const name of names) assert.equal(parseFileName(name), undefined, name);
});
