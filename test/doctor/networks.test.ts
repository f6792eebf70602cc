/**
 * `doctor HOST` over real networks, from the site alone and with the report of the host; the table of
 * all cases is printed.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { makeTempDir, removeTempDir } from '../helpers/temp-dir.ts';
import { NetworkBed, skipWithoutNetworks } from './networks/bed.ts';
import { HostFiles, SiteDoctor } from './networks/both-sides.ts';
import { networkCases } from './networks/cases.ts';

/** Each silent port takes its time limit twice: one of them in every run, all in the long one. */
const cases = networkCases.filter(
  ({ what, alone }) =>
    process.env['COURIER_TEST_LONG'] !== undefined ||
    alone !== 'port-hangs' ||
    what === 'the agent hangs',
);

const table: string[] = [];
let right = 0;

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
    const share = `${right} of ${table.length} named right, ${table.length - right} not`;
    process.stdout.write(`${[...table, share].join('\n')}\n`);
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
      const said = [seen, together].map(({ output, failure }) => {
        assert.equal(failure, undefined);
        const { cause, verdict, summary } = JSON.parse(output);
        assert.equal(summary.crashed, 0, output);
        return { verdict, code: cause?.code ?? verdict };
      });
      const codes = said.map(({ code }) => code);
      const wanted = [alone, both];
      if (String(codes) === String(wanted)) right += 1;
      const columns = said.map(({ verdict, code }) => `${code.padEnd(22)}${verdict.padEnd(8)}`);
      table.push([what.padEnd(50), ...columns, `${seen.ms} ms`, `${together.ms} ms`].join(' '));
      assert.deepEqual(codes, wanted, together.output);
    });
  }
});
