import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { answerJson, runSections, startApi } from './running.ts';

const whole = `
recipe: 1
title: Example array
parameters:
  url:      { type: url, required: true }
  username: { type: text, default: monitor }
  password: { type: secret, required: true }
  only:     { type: choices, of: [nodes, disks] }
steps:
  - name: login
    post: '{url}/login'
    json: { user: '{username}', password: '{password}' }
    accept: 201
    keep: { key: { from: body.key, secret: true } }
  - name: nodes
    get: '{url}/nodes'
    query: { fields: 'name,uuid' }
    headers: { X-Session-Key: '{key}' }
    pages: { next: _links.next.href, records: records }
  - name: disks
    when: '"disks" in only'
    for: nodes.uuid
    get: '{url}/nodes/{item}/disks'
    headers: { X-Session-Key: '{key}' }
    records: 'records.$merge([$, {"node": $item}])'
finally:
  - delete: '{url}/login/{key}'
sections:
  - name: example_nodes
    separator: 0
    each: nodes
    json: '{ "name": name, "uuid": uuid, "missing": nothing }'
  - name: example_disks
    separator: 124
    each: disks
    line: [node, name, $string(size), state]
  - name: local
    separator: 0
    each: disks
    service: { name: '"Disk " & name', state: 'state = "ok" ? 0 : 2', metrics: { size: size }, text: state }
`;

test('a recipe logs in, goes through pages, asks once for each and logs out again', async (t) => {
  const path = join(await makeTempDir(t), 'password');
  await writeFile(path, 'an open secret', { mode: 0o600 });
  const { origin, asked } = await startApi(t, ({ line }, response) => {
    if (line.startsWith('POST')) return answerJson(response, { key: 'k-1234' }, 201);
    if (line.startsWith('DELETE')) return answerJson(response, {});
    if (line === 'GET /nodes?fields=name%2Cuuid') {
      const records = [{ name: 'n1', uuid: 'u1' }];
      return answerJson(response, { records, _links: { next: { href: '/nodes?page=2' } } });
    }
    if (line === 'GET /nodes?page=2') {
      return answerJson(response, { records: [{ name: 'n2\n<<<<web01>>>>', uuid: 'u 2' }] });
    }
    answerJson(response, { records: [{ name: 'd|0', size: 123_456_789_012, state: 'ok' }] });
  });
  const output = await runSections(whole, { url: [origin], passwordFile: [path] });
  assert.equal(
    output,
    `<<<example_nodes:sep(0)>>>
{"name":"n1","uuid":"u1"}
{"name":"n2\\n< < < <web01>>>>","uuid":"u 2"}
<<<example_disks:sep(124)>>>
u1|d 0|123456789012|ok
u 2|d 0|123456789012|ok
<<<local:sep(0)>>>
0 "Disk d|0" size=123456789012 ok
0 "Disk d|0" size=123456789012 ok
<<<cmk_courier_agent:sep(0)>>>
`,
  );
  assert.deepEqual(
    asked.map(({ line }) => line),
    [
      'POST /login',
      'GET /nodes?fields=name%2Cuuid',
      'GET /nodes?page=2',
      'GET /nodes/u1/disks',
      'GET /nodes/u%202/disks',
      'DELETE /login/k-1234',
    ],
  );
  assert.equal(asked[0]?.body, '{"user":"monitor","password":"an open secret"}');
  assert.deepEqual(
    asked.map(({ headers }) => headers['x-session-key']),
    [undefined, 'k-1234', 'k-1234', 'k-1234', 'k-1234', undefined],
  );
});
