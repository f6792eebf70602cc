/** `--bundle`: what support asks for first, in one file that may be given away. */

import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { asCourierError } from '../../faults/system-errors.ts';
import {
  closeFile,
  fileStatus,
  openFile,
  readFromFile,
  removeFile,
  syncAll,
  writeToFile,
} from '../../files/file-calls.ts';
import { withOpened } from '../../files/read-start.ts';
import { type TarFile, writeTar } from '../../setup/packages/tar-writer.ts';
import { version } from '../../version.ts';
import type { DoctorDocument } from '../document.ts';
import { Redaction } from '../redact.ts';
import { toText } from '../text.ts';
import type { SiteScene } from './scene.ts';
import { scrub } from './scrub.ts';

const longestFile = 256 * 1024;
const lastLines = 200;

/** What is in the archive, in its order. */
export interface Packed {
  readonly name: string;
  readonly bytes: number;
}

/**
 * Packs the report, the configuration and the last lines of the logs, without secrets and with names and
 * addresses replaced.
 *
 * @returns what is in it
 * @throws CourierError LOCAL when it cannot be written; there is no file then, and none is replaced
 */
export async function writeBundle(
  path: string,
  document: DoctorDocument,
  scene: SiteScene,
): Promise<readonly Packed[]> {
  const files = await gather(document, scene);
  const archive = writeTar(files);
  try {
    const file = await openFile(path, 'wx', 0o600);
    try {
      await writeAll(file, await promisify(gzip)(archive));
      await syncAll(file);
    } catch (error) {
      await removeFile(path).catch(() => undefined);
      throw error;
    } finally {
      await closeFile(file);
    }
  } catch (error) {
    throw asCourierError(error, `writing --bundle ${path}`);
  }
  return files.map(({ name, bytes }) => ({ name, bytes: bytes.length }));
}

async function writeAll(file: number, bytes: Buffer): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    written += (await writeToFile(file, bytes, written, bytes.length - written)).bytesWritten;
  }
}

async function gather(document: DoctorDocument, scene: SiteScene): Promise<readonly TarFile[]> {
  const redaction = new Redaction([document.host, document.site.name]);
  const clean = (text: string) => redaction.apply(scrub(text));
  const texts: [name: string, text: string][] = [
    ['report.json', `${JSON.stringify(redactDocument(document, redaction), null, 2)}\n`],
    ['report.txt', clean(toText(document, 0, plainManner))],
    ['versions.txt', clean(describeVersions(scene))],
  ];
  const { routes, receiverConfig, collectorConfig, logs } = scene.places;
  for (const [name, from] of [
    ['configuration/routes.yaml', routes],
    ['configuration/receiver.yaml', receiverConfig],
    ['configuration/collector.yaml', collectorConfig],
  ] as const) {
    const text = await readPart(from, 'start');
    if (text !== undefined) texts.push([name, clean(withoutComments(text))]);
  }
  for (const log of logs) {
    const text = await readPart(log, 'end');
    const name = `logs/${log.slice(log.lastIndexOf('/') + 1)}`;
    if (text !== undefined) texts.push([name, clean(lastOf(text))]);
  }
  const list = texts.map(
    ([name, text]) => `${String(Buffer.byteLength(text)).padStart(8)} ${name}`,
  );
  texts.push(['contents.txt', `${list.join('\n')}\n`]);
  return texts.map(([name, text]) => ({
    name: `cmk-courier-doctor/${name}`,
    bytes: Buffer.from(text),
    mode: 0o600,
  }));
}

function redactDocument(document: DoctorDocument, redaction: Redaction): unknown {
  const scrubbed: DoctorDocument = JSON.parse(JSON.stringify(document), (_key, value: unknown) =>
    typeof value === 'string' ? scrub(value) : value,
  );
  return redaction.applyTo(scrubbed);
}

const plainManner = {
  colour: false,
  ascii: false,
  width: undefined,
  verbose: true,
  quiet: false,
} as const;

function describeVersions({ env, isExecutable }: SiteScene): string {
  return [
    `cmk-courier ${version}${isExecutable ? '' : ' (Node with a script)'}`,
    `Node ${process.version}, ${process.platform} ${process.arch}`,
    `site ${env['OMD_SITE'] ? 'yes' : 'no'}`,
    '',
  ].join('\n');
}

/** People write anything there. */
function withoutComments(yaml: string): string {
  return yaml.replace(/(^|\s)#.*$/gm, '$1').replace(/\n{3,}/g, '\n\n');
}

function lastOf(text: string): string {
  return `${text.trimEnd().split('\n').slice(-lastLines).join('\n')}\n`;
}

/** The start or the end of a file; undefined when there is none that we may read. */
async function readPart(path: string, part: 'start' | 'end'): Promise<string | undefined> {
  const read = await withOpened(path, async (descriptor) => {
    const { size } = await fileStatus(descriptor);
    const bytes = Buffer.alloc(Math.min(size, longestFile));
    const from = part === 'start' ? 0 : size - bytes.length;
    const { bytesRead } = await readFromFile(descriptor, bytes, 0, bytes.length, from);
    return bytes.toString('utf8', 0, bytesRead);
  }).catch(() => undefined);
  if (read === 'gone' || read === 'not a file') return undefined;
  return read;
}
