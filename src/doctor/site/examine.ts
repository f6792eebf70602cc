/** Looks at the courier's own installation. */

import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Environment } from '../../cli/environment.ts';
import { redactSecrets } from '../../faults/redaction.ts';
import type { DoctorDocument } from '../document.ts';
import { toDocument } from '../document.ts';
import { type RunLimits, runSteps } from '../runner.ts';
import type { SiteScene } from './scene.ts';
import { siteSteps } from './steps.ts';

/** The site, or the machine where there is none. */
function nameOf(env: Environment): string {
  return env['OMD_SITE'] || hostname();
}

/**
 * Runs all steps and puts together what they found.
 *
 * @throws CourierError only the reason of the signal that ends us
 */
export async function examineInstallation(
  scene: SiteScene,
  limits: RunLimits,
): Promise<DoctorDocument> {
  const nowMs = limits.clock.now();
  const beganMs = limits.clock.monotonic();
  const { results } = await runSteps(siteSteps, scene, limits);
  const document = toDocument({
    subject: { host: nameOf(scene.env), address: null, port: 0 },
    site: { name: scene.env['OMD_SITE'] || null, version: null, edition: null },
    run: randomBytes(6).toString('hex'),
    startedMs: nowMs,
    durationMs: limits.clock.monotonic() - beganMs,
    original: null,
    results,
    ports: [],
  });
  return strikeSecrets(document);
}

/** Once more: a step may have quoted what only a later one has read, and so made known as a secret. */
function strikeSecrets(document: DoctorDocument): DoctorDocument {
  return JSON.parse(JSON.stringify(document), (_key, value: unknown) =>
    typeof value === 'string' ? redactSecrets(value) : value,
  );
}
