/** Numbers, lengths of time and moments as the page shows them. */

import { formatDuration } from '../../times/durations.ts';
import type { Unit } from '../model.ts';
import { type Content, h } from './element.ts';

/** `12,345`, alike in every browser; of small means two figures more. */
export function formatCount(count: number): string {
  const rounded = count < 10 ? Math.round(count * 100) / 100 : Math.round(count);
  const [whole = '', rest] = String(rounded).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return rest === undefined ? grouped : `${grouped}.${rest}`;
}

const sizes = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** `12 B`, `1.2 kB`, `480 MB`: two or three figures, below one another in a column. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let index = 0;
  while (value >= 999.5 && index < sizes.length - 1) {
    value /= 1000;
    index += 1;
  }
  return `${index === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${sizes[index]}`;
}

/** `1.5`, but `2` and not `2.0`. */
function trim(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}

/** `250ms`, `1.5s`, `12s`, `3m20s`. */
export function formatTook(durationMs: number): string {
  if (durationMs === 0) return '0s';
  if (durationMs < 1000) return `${Math.round(durationMs)}ms`;
  return durationMs < 10_000 ? `${trim(durationMs / 1000, 1)}s` : formatDuration(durationMs);
}

/** Whole seconds, so that the width stays while it counts: `0s`, `59s`, `4m07s`, `3h09m`, `2d03h`. */
export function formatAge(ageMs: number): string {
  const seconds = Math.max(0, Math.floor(ageMs / 1000));
  if (seconds < 60) return `${seconds}s`;
  const [unit, name, part, partName] =
    ageUnits.find(([length]) => seconds >= length) ?? ([60, 'm', 1, 's'] as const);
  const rest = Math.floor((seconds % unit) / part);
  return `${Math.floor(seconds / unit)}${name}${String(rest).padStart(2, '0')}${partName}`;
}

const ageUnits = [
  [86_400, 'd', 3600, 'h'],
  [3600, 'h', 60, 'm'],
  [60, 'm', 1, 's'],
] as const;

/** A value with its unit. */
export function formatValue(value: number, unit: Unit): string {
  switch (unit) {
    case 'bytes':
      return formatBytes(value);
    case 'seconds':
      return formatTook(value * 1000);
    case 'ratio':
      return `${trim(value * 100, value < 0.1 ? 1 : 0)} %`;
    case 'per-second':
      return `${formatRate(value)} /s`;
    case 'days':
      return `${trim(value, value < 10 ? 1 : 0)} d`;
    case 'count':
      return formatCount(value);
  }
}

function formatRate(value: number): string {
  return value < 10 ? trim(value, 2) : formatCount(Math.round(value));
}

/** `2026-11-28 12:30:05 UTC`, empty for what is no moment. */
function formatMoment(atMs: number): string {
  const iso = toIso(atMs);
  return iso === undefined ? '' : `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

function toIso(atMs: number): string | undefined {
  return Math.abs(atMs) <= 8.64e15 ? new Date(atMs).toISOString() : undefined;
}

/** How long ago something was, with the moment itself to be looked at. */
export function ageOf(atMs: number | undefined, nowMs: number): Content {
  if (atMs === undefined) return h('span', { class: 'nothing' }, '–');
  return momentElement(atMs, formatAge(nowMs - atMs));
}

/** `4m07s ago`, `in 12s`. */
export function whenOf(atMs: number, nowMs: number): Content {
  const text = atMs > nowMs ? `in ${formatAge(atMs - nowMs)}` : `${formatAge(nowMs - atMs)} ago`;
  return momentElement(atMs, text);
}

function momentElement(atMs: number, text: string): Content {
  return h('time', { datetime: toIso(atMs), title: formatMoment(atMs) }, text);
}
