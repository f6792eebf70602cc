/** Every cause that the doctor can name. docs/doctor.md has a heading for each; a test holds them together. */

import { type FaultCode, faults } from '../faults/errors.ts';
import { agentCauses } from './causes/agent.ts';
import type { Cause } from './causes/cause.ts';
import { installationCauses } from './causes/installation.ts';
import { siteCauses, sourceCauses } from './causes/site.ts';
import { trustCauses } from './causes/trust.ts';
import { wayCauses } from './causes/way.ts';

export const causes = {
  ...wayCauses,
  ...trustCauses,
  ...agentCauses,
  ...siteCauses,
  ...sourceCauses,
  ...installationCauses,
} as const satisfies Readonly<Record<string, Cause>>;

export type CauseCode = keyof typeof causes;

export function isCause(code: string): code is CauseCode {
  return Object.hasOwn(causes, code);
}

/** The exit code of a cause is that of its fault. */
export function exitOf(code: CauseCode): number {
  return faults[causes[code].fault].exit;
}

/** `NO_OUTPUT` → `source-no-output`. */
export function sourceCause(fault: FaultCode): CauseCode {
  const code = `source-${fault.toLowerCase().replaceAll('_', '-')}`;
  return isCause(code) ? code : 'unexplained';
}

/** Where a cause is explained; also what the line `see` names. */
export function pageOf(code: CauseCode): string {
  const page = Object.hasOwn(installationCauses, code) ? 'doctor-site.md' : 'doctor.md';
  return `docs/${page}#${code}`;
}
