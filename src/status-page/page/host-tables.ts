/** Tables of a host: its sources, the sections of its output, whom it speaks for. */

import type { HostDocument, Section, SourceAttempt } from '../model.ts';
import { type Content, h } from './element.ts';
import { hostPath } from './fleet-path.ts';
import { ageOf, formatAge, formatBytes, formatCount, formatTook, whenOf } from './format.ts';
import { link, type Scope } from './scope.ts';
import { levelSign } from './symbols.ts';

const outcomeWords = {
  good: 'good',
  fault: 'fault',
  skipped: 'not needed',
  untried: 'not asked yet',
} as const;

export function sourcesOf({ sources }: HostDocument, scope: Scope): Content {
  if (sources.length === 0) return false;
  return h(
    'section',
    { class: 'sources', 'aria-labelledby': 'sources', key: 'sources' },
    h('h2', { id: 'sources' }, 'Sources and their last attempts'),
    h(
      'table',
      { 'aria-labelledby': 'sources' },
      headOf(['Source', 'Result', 'When', 'Took', 'Size']),
      sources.map((attempt, index) => sourceOf(attempt, index, scope)),
    ),
  );
}

/** A source is a body of its own: its numbers, and below them the line in full. */
function sourceOf(attempt: SourceAttempt, index: number, { nowMs }: Scope): Content {
  const { role, source, outcome, code, line, atMs, durationMs, bytes } = attempt;
  return h(
    'tbody',
    { key: String(index), class: `is-${outcome}` },
    h(
      'tr',
      {},
      h(
        'th',
        { scope: 'row' },
        h('code', {}, source),
        role === 'with' && h('span', { class: 'aside' }, ' adds its sections'),
      ),
      h(
        'td',
        {},
        outcome === 'fault' ? levelSign('bad') : outcome === 'good' && levelSign('ok'),
        code === undefined ? outcomeWords[outcome] : h('b', { class: 'code' }, code),
      ),
      h('td', { class: 'number' }, atMs === undefined ? '' : whenOf(atMs, nowMs)),
      h('td', { class: 'number' }, durationMs === undefined ? '' : formatTook(durationMs)),
      h('td', { class: 'number' }, bytes === undefined ? '' : formatBytes(bytes)),
    ),
    line !== undefined && h('tr', { class: 'line' }, h('td', { colspan: 5 }, h('code', {}, line))),
  );
}

function headOf(titles: readonly string[]): Content {
  const cells = titles.map((title, index) => {
    const isNumber = /^(When|Took|Size|Sections|Age)$/.test(title);
    return h('th', { key: String(index), scope: 'col', class: isNumber && 'number' }, title);
  });
  return h('thead', {}, h('tr', {}, cells));
}

export function sectionsOf(document: HostDocument, scope: Scope): Content {
  const { sections, sectionCount, remarks } = document;
  if (sections.length === 0 && remarks.length === 0) return false;
  const largest = sections.reduce((most, { bytes }) => Math.max(most, bytes), 1);
  const missing = sectionCount - sections.length;
  return h(
    'section',
    { class: 'sections', 'aria-labelledby': 'sections', key: 'sections' },
    h(
      'h2',
      { id: 'sections' },
      `${formatCount(sectionCount)} ${sectionCount === 1 ? 'section' : 'sections'} in its last output`,
    ),
    remarks.map((remark, index) => h('p', { key: String(index), class: 'remark' }, remark)),
    sections.length > 0 &&
      h(
        'ul',
        { 'aria-labelledby': 'sections' },
        sections.map((section, index) => sectionOf(section, { index, largest }, scope)),
      ),
    missing > 0 && h('p', { class: 'aside' }, `${formatCount(missing)} more are not shown.`),
  );
}

function sectionOf(
  { name, bytes, cachedAtMs, cachedForMs }: Section,
  { index, largest }: { readonly index: number; readonly largest: number },
  { nowMs }: Scope,
): Content {
  const isOver =
    cachedAtMs !== undefined && cachedForMs !== undefined && nowMs - cachedAtMs > cachedForMs;
  return h(
    'li',
    { key: String(index) },
    h('code', {}, name),
    h('span', { class: 'number' }, formatBytes(bytes)),
    h(
      'svg',
      { class: 'share', 'aria-hidden': 'true' },
      h('rect', { width: `${((bytes / largest) * 100).toFixed(1)}%`, height: '100%' }),
    ),
    cachedAtMs !== undefined &&
      h(
        'span',
        { class: isOver ? 'aside is-over' : 'aside' },
        'cached ',
        ageOf(cachedAtMs, nowMs),
        cachedForMs !== undefined && ` of ${formatAge(cachedForMs)}`,
        isOver && ', outdated',
      ),
  );
}

export function piggybackedOf(document: HostDocument, scope: Scope): Content {
  const { piggybacked, piggybackedCount } = document;
  if (piggybacked.length === 0) return false;
  const missing = piggybackedCount - piggybacked.length;
  return h(
    'section',
    { class: 'piggybacked', 'aria-labelledby': 'piggybacked', key: 'piggybacked' },
    h('h2', { id: 'piggybacked' }, `Speaks for ${formatCount(piggybackedCount)} hosts`),
    h(
      'table',
      { 'aria-labelledby': 'piggybacked' },
      headOf(['Host', 'Sections', 'Size']),
      h(
        'tbody',
        {},
        piggybacked.map(({ host, sections, bytes }) =>
          h(
            'tr',
            { key: `host-${host}` },
            h('th', { scope: 'row' }, link(scope, hostPath(host), {}, host)),
            h('td', { class: 'number' }, formatCount(sections)),
            h('td', { class: 'number' }, formatBytes(bytes)),
          ),
        ),
      ),
    ),
    missing > 0 && h('p', { class: 'aside' }, `${formatCount(missing)} more are not shown.`),
  );
}
