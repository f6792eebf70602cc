/** A host: what the site gets of it, why, and all that is known about it. */

import type { Fact, HostDocument } from '../model.ts';
import { type Content, h } from './element.ts';
import { at, hostPath } from './fleet-path.ts';
import { ageOf, formatBytes, formatTook, whenOf } from './format.ts';
import { piggybackedOf, sectionsOf, sourcesOf } from './host-tables.ts';
import { plotOf } from './plot.ts';
import { link, partsOf, type Scope, troublesOf } from './scope.ts';
import { levelSign, stateLabel } from './symbols.ts';

export function hostView(document: HostDocument, scope: Scope): Content {
  const { host, row, parts } = document;
  return [
    troublesOf(parts, scope),
    h(
      'div',
      { class: 'headline is-host', key: 'headline' },
      h('nav', { 'aria-label': 'Way back', class: 'way' }, link(scope, '/', {}, 'Fleet')),
      h('h1', {}, host),
      stateLabel(row.state),
      actionsOf(document, scope),
    ),
    verdictOf(document, scope),
    h(
      'div',
      { class: 'columns', key: 'columns' },
      h(
        'div',
        { class: 'wide' },
        sourcesOf(document, scope),
        doctorOf(document, scope),
        plotsOf(document),
      ),
      h(
        'div',
        { class: 'narrow' },
        factsOf('Agent seal', document.seal, scope),
        factsOf('Relay', document.relayed, scope),
        factsOf('Registration', document.registration, scope),
        factsOf('Agent update', document.update, scope),
        refusalOf(document, scope),
        piggybackedOf(document, scope),
      ),
    ),
    sectionsOf(document, scope),
    partsOf(parts, scope),
  ];
}

const servedWords = {
  output: 'The site gets its output',
  grace: 'The site gets its last good output, marked as old',
  fault: 'The site gets this fault',
  nothing: 'The site gets nothing',
} as const;

/** What the site gets, the line as Checkmk shows it, and the numbers one looks for first. */
function verdictOf(document: HostDocument, scope: Scope): Content {
  const { served, row } = document;
  const { fault } = row;
  return h(
    'section',
    { class: `verdict is-${row.state}`, 'aria-label': 'What the site gets', key: 'verdict' },
    served !== undefined && h('h2', {}, servedWords[served]),
    fault !== undefined && h('p', { class: 'line' }, h('code', {}, fault.line)),
    h('dl', { class: 'numbers' }, numbersOf(document, scope)),
  );
}

function numbersOf(document: HostDocument, scope: Scope): Content {
  const { row, address, isRunning, nextDueAtMs, backoff } = document;
  const { nowMs } = scope;
  const next = isRunning ? 'now' : nextDueAtMs !== undefined && whenOf(nextDueAtMs, nowMs);
  const numbers: readonly (readonly [string, Content])[] = [
    ['Age of its output', ageOf(row.producedAtMs, nowMs)],
    ['Last fault', row.fault !== undefined && whenOf(row.fault.atMs, nowMs)],
    ['In a row without output', row.failures > 0 && row.failures],
    ['Asked next', next !== false && [next, backoff === 'waiting' && ', waits longer']],
    ['Every', row.everyMs !== undefined && formatTook(row.everyMs)],
    ['Took', row.durationMs !== undefined && formatTook(row.durationMs)],
    ['Size', row.bytes !== undefined && formatBytes(row.bytes)],
    ['Address', address],
    ['Route', row.route],
    ['Folder', row.folder],
  ];
  return numbers
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([label, value]) => h('div', { key: label }, h('dt', {}, label), h('dd', {}, value)));
}

/** Forms, so that they work without JavaScript; the client sends them by itself. */
function actionsOf({ actions, host, doctor }: HostDocument, { basePath }: Scope): Content {
  const button = (action: string, text: string, isBusy: boolean) =>
    h(
      'form',
      {
        method: 'post',
        action: at(basePath, `/api${hostPath(host)}/${action}`),
        'data-action': action,
      },
      h('button', { type: 'submit', disabled: isBusy }, text),
    );
  if (!actions.fetch && !actions.doctor) return false;
  const isExamined = doctor?.state === 'running';
  return h(
    'div',
    { class: 'actions' },
    actions.fetch && button('fetch', 'Fetch now', false),
    actions.doctor &&
      button('doctor', isExamined ? 'Doctor at work…' : 'Run the doctor', isExamined),
  );
}

function plotsOf({ series }: HostDocument): Content {
  if (series.length === 0) return false;
  return h(
    'section',
    { class: 'plots', 'aria-labelledby': 'plots' },
    h('h2', { id: 'plots' }, 'Last 24 hours'),
    series.map((one) =>
      h('figure', { key: one.name }, h('figcaption', {}, one.label), plotOf(one)),
    ),
  );
}

const doctorWords = {
  running: 'is at work',
  done: 'has looked',
  failed: 'could not look',
} as const;

function doctorOf({ doctor }: HostDocument, { nowMs }: Scope): Content {
  if (doctor === undefined) return false;
  const { state, startedAtMs, endedAtMs, by, report } = doctor;
  return h(
    'section',
    { class: `doctor is-${state}`, 'aria-labelledby': 'doctor', key: 'doctor' },
    h('h2', { id: 'doctor' }, `The doctor ${doctorWords[state]}`),
    h('p', { class: 'aside' }, `asked by ${by}, `, whenOf(endedAtMs ?? startedAtMs, nowMs)),
    state === 'running' && h('progress', { 'aria-label': 'The doctor is at work' }),
    report !== '' && h('pre', { tabindex: '0', 'aria-label': 'Report of the doctor' }, report),
  );
}

/** A list of facts; nothing where nothing is known. */
function factsOf(title: string, facts: readonly Fact[], { nowMs }: Scope): Content {
  if (facts.length === 0) return false;
  return h(
    'section',
    { class: 'facts', key: title },
    h('h2', {}, title),
    h(
      'dl',
      {},
      facts.map(({ label, value, atMs, level }) =>
        h(
          'div',
          { key: label, class: level === undefined ? undefined : `is-${level}` },
          h('dt', {}, label),
          h(
            'dd',
            {},
            level !== undefined && level !== 'ok' && levelSign(level),
            value,
            atMs !== undefined && [value === '' ? '' : ' ', whenOf(atMs, nowMs)],
          ),
        ),
      ),
    ),
  );
}

function refusalOf({ refusal }: HostDocument, { nowMs }: Scope): Content {
  if (refusal === undefined) return false;
  return h(
    'section',
    { class: 'refusal', key: 'refusal' },
    h('h2', {}, 'Refused last by the receiver'),
    h('p', {}, h('b', { class: 'code' }, refusal.code), ' ', whenOf(refusal.atMs, nowMs)),
    h('p', { class: 'line' }, h('code', {}, refusal.line)),
  );
}
