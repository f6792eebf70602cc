/** The collector: whether it runs, and how it says it is. */

import { existsSync } from 'node:fs';
import { askStatus } from '../../../collector/ask-status.ts';
import type { CollectorStatus } from '../../../collector/status-shape.ts';
import { CourierError } from '../../../faults/errors.ts';
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

async function lookAtCollector(scene: SiteScene, signal: AbortSignal): Promise<SiteFinding> {
  const { socket } = scene.places;
  if (socket === undefined) return unknown('neither OMD_ROOT nor XDG_RUNTIME_DIR is set');
  const isInstalled = isService(services.collect, scene);
  try {
    return judge(await askStatus(socket, signal));
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

function judge(status: CollectorStatus): SiteFinding {
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
  return fine(`version ${version}, ${hostCount} hosts, ${faulty} of them without output`, facts);
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
