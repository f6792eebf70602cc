import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  childOf,
  childrenOf,
  textAt,
  type XmlElement,
} from '../../../src/special-agents/xml/element.ts';
import { ElementReader } from '../../../src/special-agents/xml/element-reader.ts';

const usual = { pieces: new Set(['row']), deepest: 20, longest: 10_000 };

/** Reads a document in steps of some bytes. */
function read(document: string | Buffer, step = 7) {
  const pieces: XmlElement[] = [];
  const reader = new ElementReader({ ...usual, onPiece: (element) => pieces.push(element) });
  const bytes = Buffer.from(document);
  for (let at = 0; at < bytes.length; at += step) reader.write(bytes.subarray(at, at + step));
  return { rest: reader.end(), pieces };
}

test('pieces are handed over one by one, and the rest stays as a tree', () => {
  const document =
    '<?xml version="1.0"?><s:Envelope xmlns:s="urn:s" xmlns="urn:x"><s:Body><answer><token>3</token>' +
    '<row kind="a"><name>one &amp; <![CDATA[<two>]]></name></row><row><name>drei ü</name></row>' +
    '<more><row/></more></answer></s:Body></s:Envelope>';
  for (const step of [1, 3, 7, 10_000]) {
    const { rest, pieces } = read(document, step);
    assert.deepEqual(
      pieces.map((piece) => textAt(piece, 'name')),
      ['one & <two>', 'drei ü', undefined],
    );
    assert.equal(pieces[0]?.attributes.get('kind'), 'a');
    const answer = childOf(childOf(rest, 'Body'), 'answer');
    assert.equal(textAt(answer, 'token'), '3');
    assert.equal(childrenOf(answer, 'row').length, 0);
    assert.deepEqual(
      answer?.children.map(({ name }) => name),
      ['token', 'more'],
    );
  }
});

test('an attribute is known by its namespace, whatever its prefix', () => {
  const { rest } = read(
    '<val xmlns:_x="http://www.w3.org/2001/XMLSchema-instance" xmlns:o="urn:o" _x:type="Reference" type="Folder" o:type="other">f</val>',
  );
  assert.deepEqual(
    rest.attributes,
    new Map([
      ['xsi:type', 'Reference'],
      ['type', 'Folder'],
    ]),
  );
});

test('of what nests in a piece nothing is handed over twice', () => {
  const { pieces } = read('<a><row><row>inner</row></row></a>');
  assert.equal(pieces.length, 1);
  assert.equal(textAt(pieces[0], 'row'), 'inner');
});

const bomb = `<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><a>&b;</a>`;

for (const [what, document, why] of [
  ['an entity bomb', bomb, /a document type/],
  ['an entity of its own', '<a>&b;</a>', /undefined entity/],
  ['an outer document type', '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', /a document type/],
  ['depth', '<a>'.repeat(30), /elements more than 20 deep/],
  ['a long text', `<a>${'x'.repeat(40_000)}</a>`, /more than 10000 characters/],
  ['many elements in one piece', `<row>${'<a/>'.repeat(200)}</row>`, /more than 10000 characters/],
  ['a long attribute', `<a b="${'x'.repeat(40_000)}"/>`, /more than 10000 characters/],
  ['a cut', '<a><b>', /unclosed tag/],
  ['nothing', '', /no root element|document must contain a root element/],
  ['HTML', '<html><body><br></body></html>', /unexpected close tag/],
  ['a prefix without a namespace', '<a:b/>', /unbound namespace prefix/],
  ['bytes that are not UTF-8', Buffer.from([0x3c, 0x61, 0x3e, 0xff]), /not UTF-8/],
] as const) {
  test(`refused: ${what}`, () => {
    assert.throws(() => read(document, 1000), { code: 'MALFORMED', message: why });
  });
}

test('many pieces take no more than one', () => {
  const { pieces } = read(`<a>${'<row><name>x</name></row>'.repeat(5000)}</a>`, 4096);
  assert.equal(pieces.length, 5000);
});
