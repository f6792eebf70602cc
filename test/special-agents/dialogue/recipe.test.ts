/** A recipe with a dialogue, from a switch to sections. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadRecipe } from '../../../src/special-agents/recipe/load.ts';
import { catchFault } from '../../helpers/expect-fault.ts';
import { TelnetSwitch } from '../../peers/telnet-switch.ts';
import { runSections } from '../running.ts';

const recipe = (port: number, more = '') => `
recipe: 1
title: A switch
parameters:
  username: { type: text, default: admin }
steps:
  - name: cli
    dialogue: 'telnet://{address}:${port}'
    login: [ { expect: 'login: ', send: '{username}' }, { expect: 'Password: ', send: right-horse } ]
    prompt: '/^[\\w-]{3,}[>#] ?$/'
    ask: { version: show version, all: 'show {host}' }
    idleTimeout: 2s
    ${more}
sections:
  - name: example
    separator: 0
    each: cli.version
    text: $
  - name: example_all
    separator: 0
    each: cli.all
    text: $
`;

test('answers of a dialogue are lists of lines, by the names of the questions', async (t) => {
  const peer = new TelnetSwitch({ answers: { 'show array1': 'one\r\n<<<two>>>\r\n' } });
  const port = await peer.start();
  t.after(() => peer.end());
  assert.equal(
    await runSections(recipe(port)),
    '<<<example:sep(0)>>>\nExample OS 15.2\nuptime is 3 weeks\n' +
      '<<<example_all:sep(0)>>>\none\n< < <two>>>\n' +
      '<<<cmk_courier_agent:sep(0)>>>\n',
  );
});

test('a refused login is the fault of the agent', async (t) => {
  const peer = new TelnetSwitch({ refuses: 'asks again' });
  const port = await peer.start();
  t.after(() => peer.end());
  const { code, message } = await catchFault(runSections(recipe(port)));
  assert.equal(code, 'REFUSED');
  assert.match(message, /cli.*it asks for "login:" again; it said last "Login incorrect login:"/);
});

for (const [more, says] of [
  ['quiet: 1s', 'a dialogue needs one of prompt, end and quiet'],
  ["get: 'https://x/'", 'must have one of get, post, put, patch, delete, dialogue'],
  ['query: { a: 1 }', 'query has no place in a step with dialogue'],
  ["wrong: ['/(/']", 'is no regular expression: "("'],
  ['refuse: 403', 'refuse must be a list of texts'],
  ["logout: '{nobody}'", 'unknown name {nobody}'],
] as const) {
  test(`a recipe with ${more} is told of with its line`, async () => {
    const loading = loadRecipe(recipe(23, more), { name: 'example', origin: 'example.yaml' });
    const { code, message } = await catchFault(loading);
    assert.equal(code, 'CONFIG');
    assert.ok(message.includes(says), message);
    assert.match(message, /^example\.yaml:\d+: /);
  });
}
