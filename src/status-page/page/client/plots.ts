/** Plots that can be read point by point, over the drawings that the views have. */

import uPlot from 'uplot';
import type { Document, Series } from '../../model.ts';
import { formatValue } from '../format.ts';

interface Drawn {
  readonly plot: uPlot;
  readonly series: Series;
}

const drawn = new Map<HTMLElement, Drawn>();

/** Draws what is new or has changed; what is no longer on the page is let go. */
export function drawPlots(shown: Document): void {
  for (const [place, { plot }] of drawn) {
    if (place.isConnected) continue;
    sizes.unobserve(place);
    plot.destroy();
    drawn.delete(place);
  }
  if (shown.view === 'fleet') return;
  const byName = new Map(seriesOf(shown).map((series) => [series.name, series]));
  for (const place of document.querySelectorAll<HTMLElement>('[data-plot] > .canvas')) {
    const series = byName.get(place.parentElement?.dataset['plot'] ?? '');
    if (series !== undefined) drawPlot(place, series, shown.view === 'operations');
  }
}

function seriesOf(shown: Document): readonly Series[] {
  if (shown.view === 'host') return shown.series;
  if (shown.view === 'fleet') return [];
  return shown.panels.flatMap(({ figures }) => figures.flatMap(({ series }) => series ?? []));
}

/** Colours come from the style, which light and dark change: all is drawn again. */
export function redrawPlots(): void {
  for (const { plot } of drawn.values()) plot.redraw(false, true);
}

const dataOf = ({ values, startMs, stepMs }: Series): uPlot.AlignedData => [
  values.map((_, index) => (startMs + index * stepMs) / 1000),
  [...values],
];

function drawPlot(place: HTMLElement, series: Series, isSmall: boolean): void {
  const old = drawn.get(place);
  if (old?.series === series) return;
  if (old !== undefined) {
    old.plot.setData(dataOf(series));
    drawn.set(place, { plot: old.plot, series });
    return;
  }
  const plot = new uPlot(toOptions(place, series, isSmall), dataOf(series), place);
  drawn.set(place, { plot, series });
  watchSize(place);
  place.parentElement?.setAttribute('data-live', '');
}

const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const found = target instanceof HTMLElement ? drawn.get(target) : undefined;
    if (found !== undefined && target.clientWidth > 0) {
      found.plot.setSize({ width: target.clientWidth, height: target.clientHeight });
    }
  }
});

function watchSize(place: HTMLElement): void {
  sizes.observe(place);
}

/** Colours as the style has them at the moment, which the drawing below and its place tell. */
function coloursOf(place: HTMLElement) {
  const at = (selector: string, property: string) => () => {
    const element = place.parentElement?.querySelector(selector) ?? place;
    return getComputedStyle(element).getPropertyValue(property);
  };
  return {
    line: at('path.line', 'stroke'),
    area: at('path.area', 'fill'),
    text: at('.canvas', 'color'),
    grid: at('.canvas', 'border-top-color'),
  };
}

function toOptions(place: HTMLElement, { unit, label }: Series, isSmall: boolean): uPlot.Options {
  const colours = coloursOf(place);
  const axis: uPlot.Axis = {
    stroke: colours.text,
    font: '11px system-ui, sans-serif',
    grid: { stroke: colours.grid, width: 1 },
    ticks: { show: false },
  };
  const values: uPlot.Axis.Values = (_plot, ticks) => ticks.map((tick) => formatValue(tick, unit));
  return {
    width: Math.max(place.clientWidth, 50),
    height: Math.max(place.clientHeight, 30),
    padding: isSmall ? [2, 0, 2, 0] : [8, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: { y: { range: (_plot, _least, most) => [0, most > 0 ? most * 1.08 : 1] } },
    axes: isSmall
      ? [{ show: false }, { show: false }]
      : [
          { ...axis, size: 24, space: 60, values: (_plot, ticks) => ticks.map(clockTime) },
          { ...axis, size: 56, space: 28, values, ...stepsOf(unit) },
        ],
    series: [
      {},
      {
        label,
        stroke: colours.line,
        fill: colours.area,
        width: 1.5,
        points: { show: true, size: 4, filter: ({ data }) => findLone(data[1]) },
      },
    ],
    hooks: { setCursor: [(plot) => tellPoint(plot, unit)] },
  };
}

/** Values with nothing on either side, through which no line goes. */
function findLone(values: ArrayLike<number | null | undefined> = []): number[] {
  const isGap = (index: number) => typeof values[index] !== 'number';
  const all = Array.from(values, (_, index) => index);
  return all.filter((index) => !isGap(index) && isGap(index - 1) && isGap(index + 1));
}

/** Steps that make round numbers of a unit; those of ten do for the others. */
function stepsOf(unit: Series['unit']): Pick<uPlot.Axis, 'incrs'> {
  if (unit !== 'seconds') return {};
  const seconds = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];
  const longer = [1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440, 2880, 7200, 14_400, 43_200];
  return { incrs: [...seconds, ...longer.map((minutes) => minutes * 60)] };
}

function clockTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  return `${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`;
}

/** The value under the cursor, in the corner of the plot. */
function tellPoint(plot: uPlot, unit: Series['unit']): void {
  const { idx } = plot.cursor;
  const place = plot.root.parentElement;
  if (place === null) return;
  const value = typeof idx === 'number' ? plot.data[1]?.[idx] : undefined;
  const at = typeof idx === 'number' ? plot.data[0][idx] : undefined;
  const isKnown = typeof value === 'number' && at !== undefined;
  if (isKnown) place.dataset['point'] = `${clockTime(at)}  ${formatValue(value, unit)}`;
  else delete place.dataset['point'];
}
