/**
 * `doctor HOST` over real networks, from the site alone and with the report of the host.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { makeTempDir, removeTempDir } from '../helpers/temp-dir.ts';
import { noteReport } from './named-cause.ts';
import { NetworkBed, skipWithoutNetworks } from './networks/bed.ts';
import { type Answer, HostFiles, SiteDoctor } from './networks/both-sides.ts';
import { networkCases } from './networks/cases.ts';

/** Each silence takes its time limit twice: one of each kind in every run, all in the long one. */
const silent = ['the agent hangs', 'dropped on the way', 'a full backlog'];
const cases = networkCases.filter(
  ({ what, alone, waits }) =>
    process.env['COURIER_TEST_LONG'] !== undefined ||
    silent.includes(what) ||
    !(waits === true || alone === 'port-hangs' || alone === 'port-silent'),
);

describe('over real networks', { skip: skipWithoutNetworks() }, () => {
  let bed: NetworkBed;
  let doctor: SiteDoctor;
  let files: HostFiles;
  before(async () => {
    bed = new NetworkBed();
    files = new HostFiles(await makeTempDir());
    doctor = new SiteDoctor(bed);
  });
  after(async () => {
    bed?.close();
    if (files !== undefined) await removeTempDir(files.directory);
  });

  for (const { what, alone, both, arrange } of cases) {
    test(what, async () => {
      await bed.reset(doctor.child);
      files.reset();
      const { options = {}, host = [], wrap = [] } = (await arrange({ bed, files })) ?? {};
      const [seen, report] = await Promise.all([
        doctor.look(options),
        files.report(bed, host, wrap),
      ]);
      const together = await doctor.look({ ...options, hostReport: [report] });
      const named = ({ output, failure }: Answer, view: 'site' | 'both', wanted: string) => {
        assert.equal(failure, undefined);
        const document = JSON.parse(output);
        assert.equal(document.summary.crashed, 0, output);
        return noteReport(what, view, wanted, document);
      };
      const codes = [named(seen, 'site', alone), named(together, 'both', both)];
      assert.deepEqual(codes, [alone, both], together.output);
    });
  }
});
