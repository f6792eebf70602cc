/** Which hosts a rule is for, and how that is written for the API. */

import { createHash } from 'node:crypto';
import { CourierError, quote } from '../../faults/errors.ts';
import { parseHostName } from '../../names/host-name.ts';

export interface Selection {
  /** Names, or regular expressions behind `~`; empty: all. */
  readonly hosts: readonly string[];
  /** `NAME:VALUE`, all of which a host must have. */
  readonly labels: readonly string[];
  /** Where the rule stands, whose hosts it is for: `/`, `/web/prod`. */
  readonly folder: string;
}

/** The conditions of a rule as 2.3 to 2.5 take them. */
export function toConditions({ hosts, labels }: Selection): object {
  const names = hosts.length === 0 ? {} : { host_name: { match_on: hosts, operator: 'one_of' } };
  const group = labels.map((label) => ({ operator: 'and', label }));
  const groups =
    labels.length === 0 ? {} : { host_label_groups: [{ operator: 'and', label_group: group }] };
  return { ...names, ...groups };
}

/** For people: `host web01, web02 with label a:b in /web`. */
export function describeSelection({ hosts, labels, folder }: Selection): string {
  const who =
    hosts.length === 0
      ? 'every host'
      : `${hosts.length === 1 ? 'host' : 'hosts'} ${hosts.join(', ')}`;
  const having = labels.length === 0 ? '' : ` with ${labels.join(', ')}`;
  return `${who}${having}${folder === '/' ? '' : ` in ${folder}`}`;
}

/** How narrow it is: of two in one folder, the narrower has to come first. */
export function narrowness({ hosts, labels }: Pick<Selection, 'hosts' | 'labels'>): number {
  return (hosts.length > 0 ? 1000 : 0) + labels.length;
}

/** What a rule of ours is known by: it stands in its comment, which a copy has as well. */
export function toMark(selection: Selection): string {
  const { hosts, labels, folder } = selection;
  const all = JSON.stringify([folder, [...hosts].sort(), [...labels].sort()]);
  return `${markStart}${createHash('sha256').update(all).digest('hex').slice(0, 16)}]`;
}

const markStart = '[cmk-courier rule ';

/** Whether a rule is one of ours, by its comment. */
export function hasMark(comment: string): boolean {
  return comment.includes(markStart);
}

/**
 * The name of a host, or `~` and a regular expression. One that Python cannot read stops every
 * activation of the site, whoever has made it.
 *
 * @throws CourierError USAGE
 */
export function parseHostCondition(raw: string): string {
  if (!raw.startsWith('~')) return parseHostName(raw);
  const isText = /^~[^\p{Cc}]{1,500}$/u.test(raw) && raw.isWellFormed();
  if (isText && isExpression(raw.slice(1))) return raw;
  throw new CourierError(
    'USAGE',
    `must be a host, or ~ and a regular expression, not ${quote(raw)}`,
  );
}

/** Whether it is one here, once what only Python has is written in our way. */
function isExpression(text: string): boolean {
  const ours = text
    .replace(/\(\?P?<(?![=!])/g, '(?<')
    .replace(/\(\?P=(\w+)\)/g, '\\k<$1>')
    .replace(/\(\?#[^)]*\)|^\(\?[aiLmsux]+\)/g, '')
    .replace(/\(\?(?:>|\(\w+\)|[aiLmsux-]+:)/g, '(?:')
    .replace(/([*+?}])\+/g, '$1');
  try {
    return new RegExp(ours) instanceof RegExp;
  } catch {
    return false;
  }
}

/** `cmk-courier/way:push`; both parts are texts without a colon. */
export function parseLabel(raw: string): string {
  if (/^[^:\p{Cc}]{1,200}:[^:\p{Cc}]{1,200}$/u.test(raw) && raw.isWellFormed()) return raw;
  throw new CourierError('USAGE', `must be NAME:VALUE, not ${quote(raw)}`);
}

/**
 * A folder of Setup: `/`, `/web/prod`, or `~web~prod` as the API writes it.
 *
 * @throws CourierError USAGE
 */
export function parseFolder(raw: string): string {
  const path = raw.replaceAll('~', '/').replace(/\/+$/, '');
  const whole = path.startsWith('/') ? path : `/${path}`;
  if (/^(\/[\w.-]+)*\/?$/.test(whole) && !/\/\.+(\/|$)/.test(whole)) return whole;
  throw new CourierError(
    'USAGE',
    `must be the path of a folder such as /web/prod, as its URL in Setup has it, not ${quote(raw)}`,
  );
}

/** As the API takes it in bodies and paths. */
export function toApiFolder(folder: string): string {
  return folder === '/' ? '~' : folder.replaceAll('/', '~');
}
