/** Whatever an expression or an answer is, it costs its own step or section, and in its time. */

import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { runSections, startApi } from './running.ts';

const good = `  - name: good
    separator: 0
    each: fine
    json: $
`;

function toRecipe(steps: string, sections: string, limits = ''): string {
  return `recipe: 1
title: limits
parameters: { url: { type: url, required: true } }
limits: { expression: 2s, memory: 200MB${limits} }
steps:
  - name: fine
    get: '{url}/fine'
${steps}
sections:
${sections}${good}`;
}

/** The faults told, as `step x: CODE message`. */
function faultsIn(output: string): readonly string[] {
  const lines = output.split('\n').filter((line) => line.includes('"code":'));
  return lines.map((line) => {
    const { step, section, code, message } = JSON.parse(line);
    return `${step === undefined ? `section ${section}` : `step ${step}`}: ${code} ${message}`;
  });
}

async function runWith(
  t: Parameters<typeof startApi>[0],
  recipe: string,
  answer: (response: ServerResponse) => void = (response) => response.end('[]'),
): Promise<readonly string[]> {
  const { origin } = await startApi(t, ({ line }, response) => {
    if (line !== 'GET /fine') return answer(response);
    response.setHeader('content-type', 'application/json');
    response.end('[{"a":1}]');
  });
  const output = await runSections(recipe, { url: [origin] });
  assert.match(output, /^<<<good:sep\(0\)>>>\n\{"a":1\}$/m, 'the other section is there');
  return faultsIn(output).map((fault) => fault.replaceAll(origin, 'http://peer'));
}

const expressions: Readonly<Record<string, readonly [string, string]>> = {
  'endless recursion': [
    '($f := function($n){ $n + $f($n + 1) }; $f(0))',
    'TOO_LARGE expression "($f := function($n){ $n + $f($n + 1) }; $f(0))": it calls itself without end',
  ],
  'a million rows': [
    '[1..1000000]',
    'TOO_LARGE expression "[1..1000000]": it makes a list that is too long',
  ],
  'a text without end': [
    '$pad("x", 500000000)',
    'TOO_LARGE expression "$pad(\'x\', 500000000)": $pad makes a text of more than 8000000 characters',
  ],
  'text that doubles': [
    '($f := function($s){ $f($s & $s) }; $f("xxxxxxxx"))',
    'TOO_LARGE expression "($f := function($s){ $f($s & $s) }; $f(\'xxxxxxxx\'))": it makes a text of more than 8000000 characters',
  ],
  'a regular expression that explodes': [
    '$match("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", /^(a+)+$/)',
    'TIMEOUT expression "$match(\'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\', /^(a+)+$/): $": it takes longer than 2s',
  ],
  'an expression made of data': [
    '$eval("1+1")',
    'CONFIG expression "$eval(\'1+1\')": $eval is not there: what peers answer is never an expression',
  ],
};

for (const [name, [expression, fault]] of Object.entries(expressions)) {
  test(`${name} is a fault of the section that names the expression`, async (t) => {
    const section = `  - name: bad\n    separator: 0\n    each: '${expression}'\n    json: $\n`;
    assert.deepEqual(await runWith(t, toRecipe('', section)), [`section bad: ${fault}`]);
  });
}

const json = 'application/json';
const bomb = `<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><b>&b;</b>`;

/** Content type, body, fault. */
const bodies: Readonly<Record<string, readonly [string, string | Buffer, string]>> = {
  'deep nesting': [
    json,
    '['.repeat(5000) + ']'.repeat(5000),
    'MALFORMED http://peer/bad: the answer is nested deeper than 100',
  ],
  'a key that comes twice': [
    json,
    '{"a":1,"\\u0061":2}',
    'MALFORMED http://peer/bad: the answer has the key "a" twice in one object',
  ],
  'invalid UTF-8': [
    json,
    Buffer.from([0x22, 0xff, 0x22]),
    'MALFORMED http://peer/bad: the answer is not UTF-8',
  ],
  'HTML in place of JSON': [
    json,
    '<!DOCTYPE html><html><title>Log in</title></html>',
    'MALFORMED http://peer/bad: the answer is a web page titled "Log in"',
  ],
  'a web page': [
    'text/html',
    '<html><head><title>Log in</title>',
    'MALFORMED http://peer/bad: the answer is a web page titled "Log in"',
  ],
  'cut JSON': [json, '{"a": [1, 2', 'MALFORMED http://peer/bad: the answer is no JSON: '],
  'an entity bomb': [
    'application/xml',
    bomb,
    'MALFORMED http://peer/bad: the answer has a DOCTYPE, which is not read',
  ],
  'an external entity': [
    'text/xml',
    '<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
    'MALFORMED http://peer/bad: the answer has a DOCTYPE, which is not read',
  ],
  'deep XML': [
    'text/xml',
    '<a>'.repeat(5000),
    'MALFORMED http://peer/bad: the answer is nested deeper than 100',
  ],
  'an entity nobody defined': [
    'text/xml',
    '<a>&x;</a>',
    'MALFORMED http://peer/bad: the answer is no XML: ',
  ],
};

const bad = `  - name: bad
    get: '{url}/bad'
`;
const ofBad = `  - name: of_bad
    each: bad
    text: $string($)
`;

for (const [name, [type, body, fault]] of Object.entries(bodies)) {
  test(`${name} is a fault of its step alone`, async (t) => {
    const [told = '', ...more] = await runWith(t, toRecipe(bad, ofBad), (response) => {
      response.setHeader('content-type', type);
      response.end(body);
    });
    assert.deepEqual(more, []);
    assert.ok(told.startsWith(`step bad: ${fault}`), told);
  });
}

test('an answer that is larger than the limit is a fault before it is all read', async (t) => {
  const piece = Buffer.alloc(1_000_000, ' ');
  let sent = 0;
  const faults = await runWith(t, toRecipe(bad, ofBad, ', body: 3MB'), (response) => {
    response.setHeader('content-type', json);
    const more = (error?: unknown) => {
      sent += 1;
      if (error || sent > 100) response.end();
      else response.write(piece, more);
    };
    more();
  });
  assert.deepEqual(faults, [
    'step bad: TOO_LARGE http://peer/bad: the peer sends more than the allowed 3000000 bytes',
  ]);
  assert.ok(sent < 50, `${sent} MB were sent`);
});

test('pages without end stop at their limit, and none of them is printed', async (t) => {
  const steps = `  - name: bad
    get: '{url}/bad'
    pages: { next: next, records: records }
`;
  let page = 0;
  const faults = await runWith(t, toRecipe(steps, ofBad, ', pages: 5'), (response) => {
    page += 1;
    response.setHeader('content-type', json);
    response.end(JSON.stringify({ records: [page], next: `/bad?page=${page}` }));
  });
  assert.deepEqual(faults, ['step bad: TOO_LARGE more than the allowed 5 pages (limit pages)']);
});
