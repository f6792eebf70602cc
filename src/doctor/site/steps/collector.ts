/** The collector: whether it would start, whether it runs, and how it says it is. */

import { existsSync } from 'node:fs';
import { askStatus } from '../../../collector/ask-status.ts';
import { findAway } from '../../../collector/away-lines.ts';
import type { CollectorStatus } from '../../../collector/status-shape.ts';
import { CourierError } from '../../../faults/errors.ts';
import { counted } from '../../../names/counted.ts';
import { findConfigurationNews } from '../../../service/configuration-news.ts';
import { planService } from '../../../service/plan.ts';
import { type Service, services } from '../../../service/service.ts';
import {
  doubtful,
  fine,
  type SiteFinding,
  type SiteScene,
  type SiteStep,
  unknown,
  wrong,
} from '../scene.ts';

export const collector: SiteStep = {
  id: 'collector',
  side: 'site',
  title: 'the collector',
  needs: [],
  run: async (scene, _learned, signal) => lookAtCollector(scene, signal),
};

export const collectorOptions: SiteStep = {
  id: 'options',
  side: 'site',
  title: 'the options of the collector',
  needs: [],
  run: async (scene, _learned, signal) => lookAtOptions(scene, signal),
};

/** Against those with which it runs; those of a file alone, where none runs or tells. */
async function lookAtOptions(scene: SiteScene, signal: AbortSignal): Promise<SiteFinding> {
  const { places, collectorFile } = scene;
  const running = await findRunning(scene, signal);
  const path = running?.path ?? places.collectorConfig;
  const facts = { path };
  const before = running ?? { path, isNamed: false, options: {}, overridden: [] };
  const { fault: error, changed } = await findConfigurationNews(before, collectorFile);
  if (error !== undefined) {
    const text = 'it would not start with its options';
    return wrong('own-collector-wrong', { text, facts, error });
  }
  if (running === undefined) {
    const text = changed.length === 0 ? `none in ${path}` : `${changed.join(', ')} in ${path}`;
    return fine(text, facts);
  }
  if (changed.length === 0) return fine('it runs with those of its file', facts);
  const text = `not in force before a restart: ${changed.join(', ')}`;
  return doubtful('own-collector-outdated', { text, facts });
}

/** Undefined where none answers, or it is of a version that does not tell; that is another step's. */
async function findRunning({ places: { socket } }: SiteScene, signal: AbortSignal) {
  if (socket === undefined) return undefined;
  const status = await askStatus(socket, signal).catch(() => undefined);
  signal.throwIfAborted();
  return status?.configuration;
}

async function lookAtCollector(scene: SiteScene, signal: AbortSignal): Promise<SiteFinding> {
  const { socket } = scene.places;
  if (socket === undefined) return unknown('neither OMD_ROOT nor XDG_RUNTIME_DIR is set');
  const isInstalled = isService(services.collect, scene);
  try {
    return judge(await askStatus(socket, signal), scene.clock.now());
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof CourierError)) throw error;
    const facts = { socket, installed: isInstalled };
    if (error.code !== 'UNREACHABLE') {
      return wrong('own-collector-unwell', { text: 'it cannot be asked', facts, error });
    }
    if (!isInstalled && !existsSync(socket)) return fine('none is set up here', facts);
    return wrong('own-collector-off', { text: 'it does not answer', facts, error });
  }
}

function judge(status: CollectorStatus, nowMs: number): SiteFinding {
  const { version, pid, hostCount, hosts, cycles, reloadFault, readyFault } = status;
  const faulty = hosts.filter(({ served }) => served === 'fault' || served === 'nothing').length;
  const facts = { version, pid, hosts: hostCount, without_output: faulty, ...cycles };
  if (readyFault !== undefined) {
    const text = 'it cannot lay output ready; the site asks for itself meanwhile';
    return wrong('own-collector-unwell', { text, facts, error: readyFault });
  }
  if (reloadFault !== undefined) {
    const text = 'the newest routes or hosts are not in force';
    return doubtful('own-collector-unwell', { text, facts, error: reloadFault });
  }
  const away = findAway(status, nowMs);
  if (away.length > 0) {
    const text = `it works, without ${away.length === 1 ? 'something' : `${away.length} things`} that it works with`;
    return doubtful('own-way-away', { text, facts, error: away.join('; ') });
  }
  return fine(
    `version ${version}, ${counted(hostCount, 'host')}, ${faulty} of them without output`,
    facts,
  );
}

/** Whether it is a service of the site, of systemd, or of neither. */
export function isService(service: Service, { env }: SiteScene): boolean {
  try {
    const isRoot = process.geteuid?.() === 0;
    return existsSync(planService(service, { env, isRoot }).path);
  } catch {
    return false;
  }
}
