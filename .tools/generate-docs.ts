/**
 * Writes the tables of the READMEs from the code: exit codes, schemes, options. With --check
 * nothing is written, and a table that is not current is an error.
 */

import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { z } from 'zod';
import { rules } from '../src/agent-output/problems.ts';
import { describeOption } from '../src/cli/help.ts';
import { type OptionTable, toFlag } from '../src/cli/options.ts';
import { collect } from '../src/commands/collect.ts';
import { fetch } from '../src/commands/fetch.ts';
import { hostcheck } from '../src/commands/hostcheck.ts';
import { jsonSchemas } from '../src/commands/json-schemas.ts';
import { status } from '../src/commands/status.ts';
import { faults } from '../src/faults/errors.ts';
import { receiverOptions } from '../src/receiver/options.ts';
import { rules as packageRules } from '../src/setup/packages/problems.ts';
import { loadAgent } from '../src/special-agents/catalog.ts';
import { toJsonSchema } from '../src/special-agents/recipe/schema.ts';
import { ownOptions } from '../src/special-agents/run-options.ts';
import { statusPageOptions } from '../src/status-page/options.ts';
import { catalog } from '../src/transports/catalog.ts';
import { order, reasons } from '../src/updates/server/deciding.ts';
import { httpOptions } from '../src/web/options.ts';
import { type AgentForm, readAgentForms } from './checkmk-family/agents.ts';
import { drawForm } from './checkmk-family/drawing.ts';
import { familyFiles, readRuleForm } from './checkmk-family/family.ts';
import { layers } from './layers.ts';

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.map(escapeCell).join(' | ')} |`).join('\n');
}

function escapeCell(cell: string): string {
  return cell.replaceAll('|', '\\|');
}

function faultTable(): string {
  const rows = Object.entries(faults).map(([code, fault]) => [
    String(fault.exit),
    code,
    fault.grace ? 'yes' : 'no',
    fault.when,
  ]);
  return table(['exit', 'code', 'grace may help', 'when'], rows);
}

/** A cell stays empty where it would say the same again. */
function ruleTable(): string {
  const rows = Object.entries(rules).map(([rule, row]) => [
    rule,
    row.severity,
    'inPiggyback' in row ? row.inPiggyback : '',
    'lenient' in row ? row.lenient : '',
    row.when,
  ]);
  return table(['rule', 'severity', 'in piggyback', '`--lenient`', 'when'], rows);
}

function packageRuleTable(): string {
  const rows = Object.entries(packageRules).map(([rule, { severity, when }]) => [
    rule,
    severity,
    when,
  ]);
  return table(['rule', 'severity', 'when'], rows);
}

function schemeTable(): string {
  const rows = Object.entries(catalog).map(([scheme, { summary, transport }]) => [
    `\`${scheme}:\``,
    summary,
    `[${transport}](src/transports/${transport}/README.md)`,
  ]);
  return table(['scheme', 'gets', 'transport'], rows);
}

function optionTable(options: OptionTable): string {
  const rows = Object.entries(options).map(([name, spec]) => [
    `\`${toFlag(name)}${spec.kind === 'switch' ? '' : `=${spec.placeholder}`}\``,
    describeOption(spec),
  ]);
  return rows.length === 0 ? 'None.' : table(['option', 'meaning'], rows);
}

function layerTable(): string {
  const rows = layers.map(({ path, holds }) => [`\`${path}\``, holds]);
  return table(['layer', 'holds'], rows);
}

/** In which order it is decided what a host is told. */
function decisionTable(): string {
  const rows = reasons.map((reason, at) => {
    const { stamp, when } = order[reason];
    return [String(at + 1), `\`${reason}\``, when, stamp === undefined ? '' : `\`${stamp}\``];
  });
  return table(['', 'reason', 'when', 'stamp'], rows);
}

function documentTable(): string {
  const rows = Object.keys(jsonSchemas).map((line) => {
    const file = `json/${line.replaceAll(' ', '-')}.schema.json`;
    return [`\`cmk-courier ${line} --json\``, `[schema](${file})`];
  });
  return table(['document', 'schema'], rows);
}

/** A JSON Schema a document, for those who generate code or check what they read. */
function schemaFiles(): readonly (readonly [path: string, text: string])[] {
  return Object.entries(jsonSchemas).map(([line, schema]) => {
    const path = `docs/json/${line.replaceAll(' ', '-')}.schema.json`;
    const title = `cmk-courier ${line} --json`;
    return [path, `${JSON.stringify({ title, ...z.toJSONSchema(schema) }, null, 2)}\n`];
  });
}

/** For editors, in which people write recipes. */
function recipeSchema(): string {
  return `${JSON.stringify(toJsonSchema(), null, 2)}\n`;
}

function agentTable(forms: readonly AgentForm[]): string {
  const rows = forms.map(({ title, rule, help }) => [title, `\`special_agents:${rule}\``, help]);
  return table(['rule', 'rule set', 'for'], rows);
}

/** Puts `content` between `<!-- name -->` and `<!-- /name -->`. */
function fill(text: string, name: string, content: string): string {
  const place = new RegExp(`(<!-- ${name} -->)[\\s\\S]*?(<!-- /${name} -->)`);
  if (!place.test(text)) throw new Error(`no place for ${name}`);
  return text.replace(place, (_, start, end) => `${start}\n${content}\n${end}`);
}

/** Each special agent with a page beside its recipe: its own options, without those of HTTP. */
async function agentPages(): Promise<readonly (readonly [path: string, text: string])[]> {
  const shared: ReadonlySet<unknown> = new Set(
    Object.values<unknown>(httpOptions).concat(Object.values(ownOptions)),
  );
  const pages: (readonly [string, string])[] = [];
  for (const path of globSync('agents/special/*/README.md').sort()) {
    const { options } = await loadAgent(basename(dirname(path)), {});
    const own = Object.entries(options).filter(([, spec]) => !shared.has(spec));
    const text = readFileSync(path, 'utf8');
    pages.push([path, fill(text, 'options', optionTable(Object.fromEntries(own)))]);
  }
  return pages;
}

async function currentDocs(): Promise<ReadonlyMap<string, string>> {
  let readme = readFileSync('README.md', 'utf8');
  readme = fill(readme, 'faults', faultTable());
  readme = fill(readme, 'schemes', schemeTable());
  readme = fill(readme, 'rules', ruleTable());
  readme = fill(readme, 'fetch-options', optionTable(fetch.options));
  const docs = new Map([['README.md', readme]]);
  const documents = 'docs/json.md';
  docs.set(documents, fill(readFileSync(documents, 'utf8'), 'documents', documentTable()));
  for (const [path, text] of schemaFiles()) docs.set(path, text);
  docs.set('docs/json/recipe.schema.json', recipeSchema());
  const architecture = 'docs/architecture.md';
  docs.set(architecture, fill(readFileSync(architecture, 'utf8'), 'layers', layerTable()));
  const rollouts = 'docs/updates-rollouts.md';
  docs.set(rollouts, fill(readFileSync(rollouts, 'utf8'), 'decisions', decisionTable()));
  const packages = 'src/setup/packages/README.md';
  docs.set(packages, fill(readFileSync(packages, 'utf8'), 'rules', packageRuleTable()));
  const receiver = 'src/receiver/README.md';
  docs.set(
    receiver,
    fill(
      readFileSync(receiver, 'utf8'),
      'options',
      optionTable({ ...receiverOptions, ...statusPageOptions }),
    ),
  );
  const collector = 'src/collector/README.md';
  let page = readFileSync(collector, 'utf8');
  for (const [name, { options }] of Object.entries({ collect, status, hostcheck })) {
    page = fill(page, `${name}-options`, optionTable(options));
  }
  docs.set(collector, page);
  for (const { transport, load } of Object.values(catalog)) {
    const path = `src/transports/${transport}/README.md`;
    const { options } = await load();
    docs.set(path, fill(readFileSync(path, 'utf8'), 'options', optionTable(options)));
  }
  for (const [path, text] of await agentPages()) docs.set(path, text);
  const setup = 'docs/setup.md';
  const drawn = drawForm(await readRuleForm());
  const withForm = fill(readFileSync(setup, 'utf8'), 'form', drawn);
  docs.set(setup, fill(withForm, 'agents', agentTable(await readAgentForms())));
  for (const [path, text] of await familyFiles()) docs.set(path, text);
  return docs;
}

const docs = await currentDocs();
const isCurrent = (path: string, text: string) =>
  existsSync(path) && readFileSync(path, 'utf8') === text;
const outdated = [...docs].filter(([path, text]) => !isCurrent(path, text));
if (process.argv.includes('--check')) {
  for (const [path] of outdated) {
    process.stderr.write(`${path} is not current: run npm run docs\n`);
  }
  process.exit(outdated.length === 0 ? 0 : 1);
}
for (const [path, text] of outdated) {
  mkdirSync(dirname(path), { recursive: true });
  // What a site runs is a program as it is here.
  writeFileSync(path, text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
  process.stderr.write(`wrote ${path}\n`);
}
