/** The operations: how the parts of the program do, each number with its day. */

import type { Figure, OperationsDocument, OperationsTable, Panel } from '../model.ts';
import { type Content, h } from './element.ts';
import { formatCount, formatValue, whenOf } from './format.ts';
import { extentOf, plotOf } from './plot.ts';
import { partsOf, type Scope, troublesOf } from './scope.ts';
import { levelSign } from './symbols.ts';

export function operationsView({ panels, parts }: OperationsDocument, scope: Scope): Content {
  return [
    troublesOf(parts, scope),
    h('div', { class: 'headline', key: 'headline' }, h('h1', {}, 'Operations')),
    panels.length === 0
      ? h('p', { class: 'empty', key: 'empty' }, 'No part of the program answers.')
      : panels.map((panel) => panelOf(panel, scope)),
    partsOf(parts, scope),
  ];
}

function panelOf({ name, title, part, figures, tables }: Panel, scope: Scope): Content {
  const id = `panel-${name}`;
  return h(
    'section',
    { class: 'panel', 'aria-labelledby': id, key: id },
    h('h2', { id }, title, title.toLowerCase() !== part && h('span', { class: 'aside' }, part)),
    figures.length > 0 && h('ul', { class: 'figures' }, figures.map(figureOf)),
    tables.length > 0 &&
      h(
        'div',
        { class: 'tables' },
        tables.map((table) => tableOf(table, `${id}-${table.name}`, scope)),
      ),
  );
}

function figureOf({ name, label, unit, value, level, note, series }: Figure): Content {
  const extent = series === undefined ? undefined : extentOf(series);
  return h(
    'li',
    { key: name, class: `figure is-${level}` },
    h('h3', {}, level !== 'ok' && levelSign(level), label),
    h(
      'p',
      {},
      h('b', {}, formatValue(value, unit)),
      note !== undefined && h('span', { class: 'aside' }, ` ${note}`),
    ),
    series !== undefined && plotOf(series),
    extent !== undefined &&
      h(
        'p',
        { class: 'aside extent' },
        h('span', {}, '24 h'),
        h('span', {}, `${formatValue(extent.least, unit)} – ${formatValue(extent.most, unit)}`),
      ),
  );
}

/** A table with so many columns has a row of its own; on the screen of a phone each cell has. */
const fewestOfWide = 4;

function tableOf(table: OperationsTable, id: string, scope: Scope): Content {
  const { title, columns, rows, whenEmpty, count, name } = table;
  const isWide = columns.length >= fewestOfWide;
  return h(
    'section',
    { key: name, class: isWide ? 'listing is-wide' : 'listing', 'aria-labelledby': id },
    h('h3', { id }, title, count > 0 && h('span', { class: 'count' }, formatCount(count))),
    rows.length === 0
      ? h('p', { class: 'aside' }, whenEmpty)
      : h(
          'table',
          { 'aria-labelledby': id },
          h(
            'thead',
            {},
            h(
              'tr',
              {},
              columns.map(({ label, unit }, index) =>
                h(
                  'th',
                  {
                    key: String(index),
                    scope: 'col',
                    class: unit === undefined ? false : 'number',
                  },
                  label,
                ),
              ),
            ),
          ),
          h(
            'tbody',
            {},
            rows.map((row, index) => rowOf(table, { row, index }, scope)),
          ),
        ),
    count > rows.length &&
      rows.length > 0 &&
      h('p', { class: 'aside' }, `${formatCount(count - rows.length)} more are not shown.`),
  );
}

type Row = OperationsTable['rows'][number];

function rowOf(
  { columns }: OperationsTable,
  { row: { level, cells }, index }: { readonly row: Row; readonly index: number },
  { nowMs }: Scope,
): Content {
  const contentOf = (cell: string | number, column: number): Content => {
    const unit = columns[column]?.unit;
    if (typeof cell === 'string' || unit === undefined) return cell;
    return unit === 'moment' ? whenOf(cell, nowMs) : formatValue(cell, unit);
  };
  const [first = '', ...others] = cells;
  return h(
    'tr',
    { key: String(index), class: `is-${level}` },
    h('th', { scope: 'row' }, level !== 'ok' && levelSign(level), contentOf(first, 0)),
    others.map((cell, other) =>
      h(
        'td',
        {
          key: String(other),
          class: columns[other + 1]?.unit === undefined ? false : 'number',
          // What the head says is not there on the screen of a phone.
          'data-label': cell === '' ? undefined : columns[other + 1]?.label,
        },
        contentOf(cell, other + 1),
      ),
    ),
  );
}
