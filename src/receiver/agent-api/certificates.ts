/** Signing requests of agents → certificates. */

import { defaultMonths, readSigningRequest, signAgentCertificate } from '../../certs/signing.ts';
import { CourierError } from '../../faults/errors.ts';
import { Refusal } from '../refusal.ts';
import type { Services } from '../services.ts';

type SigningRequest = Awaited<ReturnType<typeof readSigningRequest>>;
type Signed = Awaited<ReturnType<typeof signAgentCertificate>>;

/**
 * The request in a body, which must be for the UUID it comes with.
 *
 * @throws Refusal 422 for what cannot be signed, 400 for another UUID
 */
export async function checkSigningRequest(csr: string, uuid?: string): Promise<SigningRequest> {
  const request = await readSigningRequest(csr).catch((error) => {
    if (!(error instanceof CourierError) || error.code === 'INTERNAL') throw error;
    throw new Refusal('invalid', `csr: ${error.message}`, { cause: error });
  });
  if (uuid === undefined || request.uuid === uuid) return request;
  throw new Refusal('other-uuid', 'the signing request is for another UUID');
}

export function sign(request: SigningRequest, services: Services): Promise<Signed> {
  const { settings, clock } = services;
  const months = settings.certificateMonths ?? defaultMonths;
  return signAgentCertificate(request, settings.certificates, {
    months,
    now: new Date(clock.now()),
  });
}
