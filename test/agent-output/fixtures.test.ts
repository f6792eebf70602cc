/** Each folder of test/fixtures/agent-output is a case. UPDATE_EXPECTED=1 renews what is expected. */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  type ParsedOutput,
  parseAgentOutput,
  type Section,
} from '../../src/agent-output/parser.ts';
import { lineAt } from '../../src/agent-output/problems.ts';
import { checkForm } from '../../src/agent-output/rules.ts';
import { requireForm } from '../../src/agent-output/validator.ts';
import { CourierError } from '../../src/faults/errors.ts';

const root = 'test/fixtures/agent-output';
const host = 'src';

for (const name of readdirSync(root)) {
  test(`${name} is read, and accepted or refused, as expected`, () => {
    const output = readFileSync(`${root}/${name}/input.txt`);
    compare(`${root}/${name}/expected.json`, toJson(output));
    compare(`${root}/${name}/expected.err`, toRefusal(output));
  });
}

/** An expected file that is missing stands for undefined. */
function compare(path: string, actual: string | undefined): void {
  if (process.env['UPDATE_EXPECTED'] === '1') {
    if (actual === undefined) rmSync(path, { force: true });
    else writeFileSync(path, actual);
  }
  assert.equal(actual, existsSync(path) ? readFileSync(path, 'utf8') : undefined, path);
}

function toJson(output: Buffer): string {
  const parsed = parseAgentOutput(output, host);
  const shown = {
    sections: parsed.sections.map((section) => describe(section, output)),
    piggybackedHosts: parsed.piggybackedHosts,
    problems: checkForm(output, { lenient: true, host }),
  } satisfies Record<
    keyof Pick<ParsedOutput, 'sections' | 'piggybackedHosts' | 'problems'>,
    unknown
  >;
  return `${JSON.stringify(shown, null, 2)}\n`;
}

function describe({ name, owner, options, start, bodyStart, end }: Section, output: Buffer) {
  return {
    name,
    owner: owner.kind === 'piggybacked' ? `${owner.kind} ${owner.host}` : owner.kind,
    line: lineAt(output, start),
    bytes: [start, bodyStart, end],
    options,
  };
}

/** What a fetch without --lenient says. */
function toRefusal(output: Buffer): string | undefined {
  try {
    requireForm(output, { lenient: false, host });
    return undefined;
  } catch (error) {
    if (!(error instanceof CourierError)) throw error;
    return `${error.message} (${error.code})\n`;
  }
}
