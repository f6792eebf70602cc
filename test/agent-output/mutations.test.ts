import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type FilterRules,
  filterOutput,
  parsePiggybackRule,
  parseSectionRule,
} from '../../src/agent-output/filter.ts';
import { parseAgentOutput } from '../../src/agent-output/parser.ts';
import { checkForm } from '../../src/agent-output/rules.ts';
import { CourierError } from '../../src/faults/errors.ts';
import { damagedOutput, mainHost } from './mutations.ts';
import { parseSlowly, type ReferenceOutput, type ReferenceSection } from './reference-parser.ts';

const runs = { numRuns: 100_000 };

/** What the parser says, in the words of the reference. */
function parseFast(output: Buffer): Omit<ReferenceOutput, 'ownBlocks'> {
  const { sections, piggybackedHosts, problems } = parseAgentOutput(output, mainHost);
  const owners = { main: 'main', ignored: 'ignored' };
  return {
    sections: sections.map(({ owner, name, start, bodyStart, end }) => ({
      owner: owner.kind === 'piggybacked' ? `host:${owner.host}` : owners[owner.kind],
      name,
      start,
      header: output.toString('latin1', start, bodyStart),
      body: output.toString('latin1', bodyStart, end),
    })),
    blocks: piggybackedHosts.map((host) => `host:${host}`),
    invalid: problems
      .filter(({ message }) => message.startsWith('invalid section header'))
      .map(({ line, rule }) => ({ line, rule })),
  };
}

/** The hosts of all blocks that are not ignored, each once. */
function toHosts(blocks: readonly string[]): readonly string[] {
  return [...new Set(blocks)].filter((owner) => owner !== 'ignored');
}

test('the parser reads damaged output like the reference, and no rule ever throws', () => {
  fc.assert(
    fc.property(damagedOutput, (output) => {
      const { ownBlocks, ...expected } = parseSlowly(output, mainHost);
      assert.deepEqual(parseFast(output), { ...expected, blocks: toHosts(expected.blocks) });
      checkForm(output, { lenient: output.length % 2 === 0, host: mainHost });
    }),
    runs,
  );
});

interface Selection {
  readonly rules: FilterRules;
  readonly isHostKept: (owner: string) => boolean;
  readonly isNameKept: (name: string) => boolean;
}

const piggybackChoices: readonly (readonly [string, (owner: string) => boolean])[] = [
  ['allow', () => true],
  ['drop', () => false],
  ['refuse', () => false],
  ['h1', (owner) => owner === 'host:h1'],
  ['h?,src', (owner) => /^host:(h.|src)$/.test(owner)],
  ['s*', (owner) => owner.startsWith('host:s')],
];

const sectionChoices: readonly (readonly [string | undefined, (name: string) => boolean])[] = [
  [undefined, () => true],
  ['df', (name) => name === 'df'],
  ['!df', (name) => name !== 'df'],
  ['c*,x,-check_mk', (name) => (name.startsWith('c') && name !== 'check_mk') || name === 'x'],
];

const selection: fc.Arbitrary<Selection> = fc
  .tuple(fc.constantFrom(...piggybackChoices), fc.constantFrom(...sectionChoices))
  .map(([[piggyback, isHostKept], [sections, isNameKept]]) => ({
    rules: {
      piggyback: parsePiggybackRule([piggyback]),
      sections: parseSectionRule(sections === undefined ? [] : [sections]),
    },
    isHostKept,
    isNameKept,
  }));

test('filtered output holds exactly what is allowed, and is the input when that is all', () => {
  fc.assert(fc.property(damagedOutput, selection, checkFilter), runs);
});

function checkFilter(output: Buffer, selected: Selection): void {
  const { rules, isHostKept, isNameKept } = selected;
  const before = parseSlowly(output, mainHost);
  const filtered = filterOrRefuse(output, selected, before);
  if (filtered === undefined) return;
  const after = parseSlowly(filtered, mainHost);
  const isOwnerKept = (owner: string) => owner === 'main' || isHostKept(owner);
  const allowed = before.sections.filter(
    ({ owner, name }) => isOwnerKept(owner) && isNameKept(name),
  );
  const blocks = before.blocks.filter(isHostKept);
  assert.deepEqual(after.sections.map(withoutPlace), allowed.map(withoutPlace));
  assert.deepEqual(after.blocks, blocks);
  const isAll = allowed.length === before.sections.length && blocks.length === before.blocks.length;
  assert.equal(filtered === output, isAll);
  assert.equal(filterOutput(filtered, rules, mainHost), filtered);
}

function withoutPlace({ owner, name, header, body }: ReferenceSection) {
  return { owner, name, header, body };
}

/** Undefined where the filter refuses, after a look whether it should. */
function filterOrRefuse(
  output: Buffer,
  { rules, isHostKept }: Selection,
  { blocks, ownBlocks }: ReferenceOutput,
): Buffer | undefined {
  const isRefused = rules.piggyback.kind === 'refuse' && blocks.length > 0;
  try {
    const filtered = filterOutput(output, rules, mainHost);
    assert.equal(isRefused, false);
    return filtered;
  } catch (error) {
    if (!(error instanceof CourierError)) throw error;
    const [, line, rule] = /^line (\d+): .*\(rule (.*)\)$/.exec(error.message) ?? [];
    assert.equal(rule, isRefused ? 'piggyback-refused' : 'piggyback-of-itself');
    assert.ok(isRefused || (ownBlocks.includes(Number(line)) && isHostKept(`host:${mainHost}`)));
    return undefined;
  }
}
