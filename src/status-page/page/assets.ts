/** The files that go with a page, named by their content so that browsers may keep them for ever. */

import { createHash } from 'node:crypto';
import type { Asset } from '../page-contract.ts';
import { toHtml } from './element.ts';
import type { AssetNames } from './frame.ts';
import { pageFiles } from './page-files.ts';
import { icon } from './symbols.ts';

const { script, theme, style } = pageFiles();
const mark = toHtml(icon());

const nameOf = (stem: string, text: string, ending: string) =>
  `${stem}-${createHash('sha256').update(text).digest('hex').slice(0, 16)}.${ending}`;

export const assetNames: AssetNames = {
  script: nameOf('page', script, 'js'),
  theme: nameOf('theme', theme, 'js'),
  style: nameOf('page', style, 'css'),
  icon: nameOf('icon', mark, 'svg'),
};

export const assets: readonly Asset[] = [
  { name: assetNames.script, type: 'text/javascript', bytes: Buffer.from(script) },
  { name: assetNames.theme, type: 'text/javascript', bytes: Buffer.from(theme) },
  { name: assetNames.style, type: 'text/css', bytes: Buffer.from(style) },
  { name: assetNames.icon, type: 'image/svg+xml', bytes: Buffer.from(mark) },
];
