/** Where a recipe asks: what its parameters name, and nowhere that an answer leads to. */

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { answerJson, runSections, startApi } from './running.ts';

function toRecipe(more = ''): string {
  return `
recipe: 1
title: links
parameters:
  url: { type: url, required: true }
  password: { type: secret, required: true }
http: { user: monitor, password: '{password}' }
steps:
  - name: good
    get: '{url}/good'
    headers: { X-Key: '{password}' }
  - name: nodes
    get: '{url}/nodes'
    headers: { X-Key: '{password}' }
    pages: { next: next, records: records }
${more}  - name: details
    for: nodes.link
    get: '{item}'
    headers: { X-Key: '{password}' }
${more}sections:
  - { name: good, separator: 0, each: good, json: $ }
  - { name: nodes, separator: 0, each: nodes, json: $ }
  - { name: details, separator: 0, each: details, json: $ }
`;
}

async function startTwo(t: Parameters<typeof startApi>[0], toAnswer: (away: string) => object) {
  const away = await startApi(t, (_, response) =>
    answerJson(response, { records: [{ is: 'away' }] }),
  );
  const home = await startApi(t, ({ line }, response) => {
    if (line === 'GET /nodes') return answerJson(response, toAnswer(away.origin));
    answerJson(response, { is: 'home' });
  });
  const passwordFile = join(await makeTempDir(t), 'password');
  await writeFile(passwordFile, 'an open secret', { mode: 0o600 });
  return { home, away, options: { url: [home.origin], passwordFile: [passwordFile] } };
}

test('a page that leads to another origin is not asked for, and nothing is sent there', async (t) => {
  const { home, away, options } = await startTwo(t, (origin) => ({
    records: [],
    next: `${origin}/2`,
  }));
  const output = await runSections(toRecipe(), options);
  assert.deepEqual(away.asked, []);
  assert.ok(output.includes('<<<good:sep(0)>>>\n{"is":"home"}\n'));
  assert.ok(!output.includes('<<<nodes'));
  const fault = `a link to \\"${away.origin}\\", away from ${home.origin}, is not followed: origins: has no such one`;
  assert.ok(output.includes(`"step":"nodes","code":"REFUSED","message":"${fault}"`), output);
});

test('a link of a record is followed at home, and nowhere else in whatever disguise', async (t) => {
  const { home, away, options } = await startTwo(t, (origin) => ({
    records: [
      '/d/1',
      `${origin}/d/2`,
      origin.replace('http:', ''),
      'file:///etc/passwd',
      '\\\\192.0.2.1/x',
      'd/3',
    ].map((link) => ({ link })),
  }));
  await runSections(toRecipe(), options);
  assert.deepEqual(away.asked, []);
  assert.deepEqual(home.asked.map(({ line }) => line).sort(), [
    'GET /d/1',
    'GET /d/3',
    'GET /good',
    'GET /nodes',
  ]);
});

test('an origin that the recipe names is asked, without credentials and headers', async (t) => {
  const { away, options } = await startTwo(t, (origin) => ({
    records: [{ link: '/d/1' }],
    next: `${origin}/2`,
  }));
  const output = await runSections(toRecipe(`    origins: ['${away.origin}']\n`), options);
  assert.ok(output.includes('<<<nodes:sep(0)>>>\n{"link":"/d/1"}\n{"is":"away"}\n'), output);
  const [asked] = away.asked;
  assert.deepEqual(
    [asked?.line, asked?.headers.authorization, asked?.headers['x-key']],
    ['GET /2', undefined, undefined],
  );
});
