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
import { lineAt } from '../../src/agent-output/problems.ts';
import { checkForm } from '../../src/agent-output/rules.ts';
import { walkMarkers } from '../../src/agent-output/states.ts';
import { requireForm } from '../../src/agent-output/validator.ts';
import { CourierError } from '../../src/faults/errors.ts';
import { composedOutput, damagedOutput, mainHost } from './mutations.ts';
import { parseSlowly, type ReferenceOutput, type ReferenceSection } from './reference-parser.ts';
import { siteVersions } from './site-versions.ts';

const runs = { numRuns: process.env['COURIER_TEST_LONG'] === undefined ? 5000 : 100_000 };

const anyOutput = fc.oneof(damagedOutput, composedOutput);

/** What the parser says, in the words of the reference. */
function parseFast(output: Buffer): Omit<ReferenceOutput, 'ownBlocks'> {
  const { sections, piggybackedHosts } = parseAgentOutput(output, mainHost);
  const owners = { main: 'main', ignored: 'ignored' };
  const invalid = [...walkMarkers(output, mainHost)].flatMap(({ marker: { meaning, start } }) =>
    meaning.kind === 'invalid-header' ? [{ line: lineAt(output, start), rule: meaning.rule }] : [],
  );
  return {
    sections: sections.map(({ owner, name, start, bodyStart, end }) => ({
      owner: owner.kind === 'piggybacked' ? `host:${owner.host}` : owners[owner.kind],
      name,
      start,
      header: output.toString('latin1', start, bodyStart),
      body: output.toString('latin1', bodyStart, end),
    })),
    blocks: piggybackedHosts.map((host) => `host:${host}`),
    invalid,
  };
}

/** The hosts of all blocks that are not ignored, each once. */
function toHosts(blocks: readonly string[]): readonly string[] {
  return [...new Set(blocks)].filter((owner) => owner !== 'ignored');
}

test('the parser reads damaged output like the reference, and no rule ever throws', () => {
  fc.assert(
    fc.property(anyOutput, (output) => {
      const { ownBlocks: _, ...expected } = parseSlowly(output, mainHost);
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
  fc.assert(fc.property(anyOutput, selection, checkFilter), runs);
});

function checkFilter(output: Buffer, selected: Selection): void {
  const { rules, isHostKept, isNameKept } = selected;
  const before = parseSlowly(output, mainHost);
  const isOwnerKept = (owner: string) => isOwn(owner) || isHostKept(owner);
  const allowed = before.sections.filter(
    ({ owner, name }) => isOwnerKept(owner) && isNameKept(name),
  );
  const blocks = before.blocks.filter((owner) => !isOwn(owner) && isHostKept(owner));
  const filtered = filterOrRefuse(output, selected, before, allowed.length);
  if (filtered === undefined) return;
  const after = parseSlowly(filtered, mainHost);
  assert.deepEqual(after.sections.map(withoutPlace), allowed.map(withoutPlace));
  assert.deepEqual(
    after.blocks.filter((owner) => !isOwn(owner)),
    blocks,
  );
  const isAll =
    allowed.length === before.sections.length &&
    before.blocks.every((owner) => isOwn(owner) || isHostKept(owner));
  assert.equal(filtered === output, isAll);
  assert.equal(filterOutput(filtered, rules, mainHost), filtered);
}

/** The host's own, as such or as piggyback of itself. */
function isOwn(owner: string): boolean {
  return owner === 'main' || owner === `host:${mainHost}`;
}

function withoutPlace({ owner, name, header, body }: ReferenceSection) {
  return { owner: isOwn(owner) ? 'main' : owner, name, header, body };
}

/** Undefined where the filter refuses, after a look whether it should. */
function filterOrRefuse(
  output: Buffer,
  { rules }: Selection,
  { blocks, sections }: ReferenceOutput,
  allowed: number,
): Buffer | undefined {
  const isRefused = rules.piggyback.kind === 'refuse' && blocks.length > 0;
  const leavesNothing = allowed === 0 && sections.length > 0;
  try {
    const filtered = filterOutput(output, rules, mainHost);
    assert.equal(isRefused || leavesNothing, false);
    return filtered;
  } catch (error) {
    if (!(error instanceof CourierError)) throw error;
    assert.equal(error.code, isRefused ? 'MALFORMED' : 'NO_OUTPUT');
    if (isRefused) assert.match(error.message, /\(rule piggyback-refused\)$/);
    else assert.ok(leavesNothing);
    return undefined;
  }
}

/** Rows with a number each, so that they can be told apart wherever they turn up. */
function withNumberedRows(output: Buffer): Buffer {
  const lines = output.toString('latin1').split('\n');
  const numbered = lines.map((line, index) => (line.includes('<') ? line : `${line} #${index}#`));
  return Buffer.from(numbered.join('\n'), 'latin1');
}

/** Whose each numbered row is, in any version of the site that does not drop it. */
function ownersOfRows(output: Buffer): ReadonlyMap<string, ReadonlySet<string>> {
  const owners = new Map<string, Set<string>>();
  for (const read of Object.values(siteVersions)) {
    for (const { owner, row } of read(output, mainHost)) {
      for (const [number] of row.matchAll(/#\d+#/g)) {
        owners.set(number, (owners.get(number) ?? new Set()).add(owner));
      }
    }
  }
  return owners;
}

/** The output that goes on, as a fetch makes it; undefined when it is refused. */
function pass(output: Buffer, rules: FilterRules): Buffer | undefined {
  try {
    requireForm(output, { lenient: true, host: mainHost });
    return filterOutput(output, rules, mainHost);
  } catch (error) {
    if (error instanceof CourierError) return undefined;
    throw error;
  }
}

test('no version of the site gives a row to another host than the others, or to one the rule forbids', () => {
  let passed = 0;
  fc.assert(
    fc.property(anyOutput, selection, (damaged, { rules, isHostKept }) => {
      const output = withNumberedRows(damaged);
      const filtered = pass(output, rules);
      if (filtered === undefined) return;
      passed += 1;
      const before = ownersOfRows(output);
      for (const [number, owners] of ownersOfRows(filtered)) {
        const [owner = '', ...others] = owners;
        assert.deepEqual(others, [], `${number} has several owners`);
        assert.ok(owner === mainHost || isHostKept(`host:${owner}`), `${number} is of ${owner}`);
        const earlier = [...(before.get(number) ?? [])].filter((name) => name !== owner);
        assert.deepEqual(earlier, [], `${number} was another's`);
      }
    }),
    runs,
  );
  assert.ok(passed > runs.numRuns / 10, `${passed} outputs went on`);
});
