/** A day of a number as a drawing, and in words for those who do not see it. */

import type { Series } from '../model.ts';
import { type Content, h } from './element.ts';
import { formatValue } from './format.ts';

/** Units of the drawing; it is stretched to the width it gets. */
const width = 300;
const height = 60;

/** No more points than this are drawn; of several the largest counts, so that no peak is lost. */
const mostPoints = 150;

interface Extent {
  readonly least: number;
  readonly most: number;
  readonly last: number | undefined;
}

/** What was measured; undefined when nothing was. */
export function extentOf({ values }: Series): Extent | undefined {
  const measured = values.filter((value) => value !== null);
  if (measured.length === 0) return undefined;
  const least = measured.reduce((one, other) => Math.min(one, other));
  const most = measured.reduce((one, other) => Math.max(one, other));
  return { least, most, last: values.at(-1) ?? undefined };
}

/**
 * The drawing, with its words. The client lays a plot that can be read point by point over it where
 * `data-plot` names the series.
 */
export function plotOf(series: Series): Content {
  const extent = extentOf(series);
  if (extent === undefined) return h('p', { class: 'plot is-empty' }, 'Nothing measured yet.');
  const { least, most } = extent;
  const words = `${series.label}, last 24 hours: between ${formatValue(least, series.unit)} and ${formatValue(most, series.unit)}`;
  return h(
    'div',
    { class: 'plot', 'data-plot': series.name, role: 'img', 'aria-label': words },
    h(
      'svg',
      { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      h('path', { class: 'area', d: toPath(series, extent, true) }),
      h('path', { class: 'line', d: toPath(series, extent, false) }),
    ),
    h('div', { class: 'canvas', key: 'canvas' }),
  );
}

/** Lines through what was measured, from zero up; a gap where nothing was. */
function toPath({ values }: Series, { most }: Extent, isArea: boolean): string {
  const points = thinOut(values);
  const top = most > 0 ? most : 1;
  const stepX = width / Math.max(1, points.length - 1);
  const parts: string[] = [];
  let startX: string | undefined;
  let x = '0';
  const end = () => {
    if (isArea && startX !== undefined) parts.push(`L${x} ${height}H${startX}Z`);
    // What stands alone is a dot, which a line of no length is with round ends.
    else if (x === startX) parts.push('h0');
    startX = undefined;
  };
  for (const [index, value] of points.entries()) {
    if (value === null) {
      end();
      continue;
    }
    x = (index * stepX).toFixed(1);
    const y = (height - 2 - (Math.max(0, value) / top) * (height - 4)).toFixed(1);
    parts.push(`${startX === undefined ? 'M' : 'L'}${x} ${y}`);
    startX ??= x;
  }
  end();
  return parts.join('');
}

function thinOut(values: readonly (number | null)[]): readonly (number | null)[] {
  const size = Math.ceil(values.length / mostPoints);
  if (size <= 1) return values;
  return Array.from({ length: Math.ceil(values.length / size) }, (_, index) => {
    const some = values.slice(index * size, (index + 1) * size).filter((value) => value !== null);
    return some.length === 0 ? null : Math.max(...some);
  });
}
