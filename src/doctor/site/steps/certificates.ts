/** The certificates of the receiver: whether they fit, and how long they are good. */

import { describeStore } from '../../../certs/report.ts';
import { loadCertificates } from '../../../certs/store.ts';
import { linkStatus } from '../../../files/file-calls.ts';
import {
  doubtful,
  fine,
  type SiteFinding,
  type SiteScene,
  type SiteStep,
  unknown,
  wrong,
} from '../scene.ts';

export const certificates: SiteStep = {
  id: 'certificates',
  side: 'site',
  title: 'the certificates of the receiver',
  needs: [],
  run: lookAtCertificates,
};

async function lookAtCertificates({ places, clock }: SiteScene): Promise<SiteFinding> {
  const directory = places.certificates;
  if (directory === undefined) return unknown('neither OMD_ROOT nor HOME is set');
  const isThere = await linkStatus(directory).then(
    () => true,
    () => false,
  );
  if (!isThere) return fine('there are none');
  const now = new Date(clock.now());
  const report = await loadCertificates(directory).then(
    (store) => describeStore(store, now),
    (error: unknown) => ({ error }),
  );
  if ('error' in report) {
    const text = 'they cannot be used';
    return wrong('own-certificate-wrong', { text, facts: { directory }, error: report.error });
  }
  const least = Math.min(...report.certificates.map(({ daysLeft }) => daysLeft));
  const facts = { directory, days_left: least, warnings: report.warnings };
  if (report.objection !== null) {
    const text = 'hosts would refuse the server certificate';
    return wrong('own-certificate-wrong', { text, facts, error: report.objection });
  }
  const [warning] = report.warnings;
  if (least < 0) return wrong('own-certificate-expires', { text: warning ?? 'expired', facts });
  if (least < 30) return doubtful('own-certificate-expires', { text: warning ?? 'soon', facts });
  return fine(`good for ${least} days`, facts);
}
