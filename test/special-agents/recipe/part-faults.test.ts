/** What a fault of a part costs, and what it is told as. */

import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RawOptions } from '../../../src/cli/options.ts';
import { catchFault } from '../../helpers/expect-fault.ts';
import { answerJson, runSections, startApi } from '../running.ts';

const head = `
recipe: 1
title: Example
parameters: { url: { type: url, required: true } }
`;

const recipe = `${head}
steps:
  - { name: nodes, get: '{url}/nodes', records: records }
  - { name: disks, get: '{url}/disks', refuse: 418, records: records }
  - { name: extra, for: nodes.id, get: '{url}/extra/{item}', optional: true, records: records }
sections:
  - { name: example_faults, separator: 0, each: $faults, json: $ }
  - { name: example_nodes, separator: 0, each: nodes, json: '{ "id": id, "name": name }', must: [id, name] }
  - { name: example_disks, separator: 0, each: disks, json: $ }
  - { name: example_both, separator: 0, each: '[nodes, disks]', json: '{ "id": id }', must: [id] }
`;

const nodes = { records: [{ id: 1, name: 'n1' }, { id: 2, name: null }, { name: 'n3' }] };

type Answers = Readonly<Record<string, (response: ServerResponse) => void>>;

const good: Answers = {
  '/nodes': (response) => answerJson(response, nodes),
  '/disks': (response) => answerJson(response, { records: [{ id: 7 }] }),
};

async function withAnswers(answers: Answers, t: Parameters<typeof startApi>[0]) {
  return startApi(t, ({ line }, response) => {
    const answer = answers[line.split(' ')[1] ?? ''];
    if (answer === undefined) answerJson(response, { error: 'no such thing' }, 404);
    else answer(response);
  });
}

/** The sections of the product, without what the agent says of itself. */
async function runProduct(options: RawOptions): Promise<string> {
  const [product = ''] = (await runSections(recipe, options)).split('<<<cmk_courier_agent');
  return product;
}

test('rows that lack what they must have are left out, and that is told', async (t) => {
  const { origin } = await withAnswers(good, t);
  assert.equal(
    await runProduct({ url: [origin] }),
    `<<<example_nodes:sep(0)>>>
{"id":1,"name":"n1"}
<<<example_disks:sep(0)>>>
{"id":7}
<<<example_both:sep(0)>>>
{"id":1}
{"id":2}
{"id":7}
<<<example_faults:sep(0)>>>
{"section":"example_nodes","step":"","code":"MALFORMED","message":"2 of 3 rows are left out, which have no name, id"}
{"section":"example_both","step":"","code":"MALFORMED","message":"1 of 4 rows are left out, which have no id"}
`,
  );
});

test('each section that hangs on a step that failed is told', async (t) => {
  const failing = (response: ServerResponse) =>
    answerJson(response, { errors: [{ detail: 'disk full' }] }, 500);
  const { origin } = await withAnswers({ ...good, '/disks': failing }, t);
  const told = `${origin}/disks: the peer answered 500 \\"Internal Server Error\\", saying \\"disk full\\"`;
  assert.equal(
    (await runProduct({ url: [origin] })).split('<<<example_faults:sep(0)>>>\n')[1],
    `{"section":"example_nodes","step":"","code":"MALFORMED","message":"2 of 3 rows are left out, which have no name, id"}
{"section":"example_disks","step":"disks","code":"PEER","message":"${told}"}
{"section":"example_both","step":"disks","code":"PEER","message":"${told}"}
`,
  );
});

test('a section of faults alone is no output', async (t) => {
  const { origin } = await withAnswers({}, t);
  const { code, message } = await catchFault(runSections(recipe, { url: [origin] }));
  assert.equal(
    `${code} ${message.replaceAll(origin, '')}`,
    'NO_OUTPUT step nodes: /nodes: the peer answered 404 "Not Found", saying "no such thing"',
  );
});

test('a refused login ends all of it, by 401 and by what a step says', async (t) => {
  for (const status of [401, 418]) {
    const refused = (response: ServerResponse) => answerJson(response, { desc: 'no' }, status);
    const { origin } = await withAnswers({ ...good, '/disks': refused }, t);
    const { code, message } = await catchFault(runSections(recipe, { url: [origin] }));
    assert.match(`${code} ${message}`, new RegExp(`^REFUSED step disks: .*${status} .*"no"$`));
  }
});

const wide = (limits: string) => `${head}${limits}
steps:
${Array.from({ length: 12 }, (_, n) => `  - { name: s${n}, get: '{url}/${n}' }`).join('\n')}
sections:
  - { name: example, separator: 0, each: '[${Array.from({ length: 12 }, (_, n) => `s${n}`)}]', json: $ }
`;

/** The most requests that were on their way at once, and how many there were. */
async function watch(text: string, t: Parameters<typeof startApi>[0], status: number) {
  let [running, most] = [0, 0];
  const { origin, asked } = await startApi(t, async (_, response) => {
    running += 1;
    most = Math.max(most, running);
    await sleep(10);
    running -= 1;
    answerJson(response, {}, status);
  });
  await runSections(text, { url: [origin] }).catch(() => undefined);
  return { most, asked: asked.length };
}

test('no more questions are on their way than allowed', async (t) => {
  const { most, asked } = await watch(wide('limits: { atOnce: 3 }'), t, 200);
  assert.ok(most <= 3, String(most));
  assert.equal(asked, 12);
});

test('a login that is not accepted is tried once', async (t) => {
  assert.deepEqual(await watch(wide(''), t, 401), { most: 1, asked: 1 });
});
