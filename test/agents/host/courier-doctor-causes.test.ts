/**
 * courier-doctor names the cause: faults of a host, each brought about, under one shell in each run
 * and under all three with the long tests.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { noteCase } from '../../doctor/named-cause.ts';
import { anotherUser } from '../../helpers/another-user.ts';
import { issueSelfSigned } from '../../helpers/certificates.ts';
import { skipWithout } from '../../helpers/required-peer.ts';
import { waitUntil } from '../../helpers/wait-until.ts';
import {
  controllerStatus,
  FakeHost,
  listenAs,
  type ShellName,
  shellNames,
  skipShell,
  stepOf,
} from './courier-doctor-hosts.ts';

interface Owner {
  after(cleanUp: () => void): void;
}

/** A host with one thing wrong, and the arguments to look at it with. */
interface Arranged {
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

interface Case {
  readonly name: string;
  readonly step: string;
  readonly code: string;
  /** A warning is no fault, and the exit code stays 0. */
  readonly isWarning?: true;
  readonly skip?: string | false;
  arrange(host: FakeHost, owner: Owner): FakeHost | Arranged | Promise<FakeHost | Arranged>;
}

const onlyRoot = process.geteuid?.() === 0 ? false : 'only root may look there';
const goodDates = {
  from: 'Mon, 02 Nov 2015 10:00:00 +0000',
  to: 'Tue, 02 Nov 2055 10:00:00 +0000',
};

/** Listens and lets nobody in: nothing answers that could be taken for TLS. */
async function listenPlain(owner: Owner): Promise<number> {
  const server = createServer((socket) => socket.end('SSH-2.0-x\r\n')).listen(0, '127.0.0.1');
  owner.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  return portOf(server);
}

function portOf(server: ReturnType<typeof createServer>): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** A closed port: nobody listens on it as an ordinary program would. */
const closed = 1;

const cases: readonly Case[] = [
  {
    name: 'there is no agent',
    step: 'agent',
    code: 'agent-missing',
    arrange: (host) => host.remove('check_mk_agent'),
  },
  {
    name: 'the agent has an interpreter that is not there',
    step: 'agent',
    code: 'agent-fails',
    arrange: (host) => host.program('check_mk_agent', 'exec /nowhere/bash'),
  },
  {
    name: 'the agent prints nothing and does not end',
    step: 'agent',
    code: 'agent-hangs',
    arrange: (host) => {
      host.program('check_mk_agent', 'sleep 60');
      return { args: ['--deadline=3'] };
    },
  },
  {
    name: 'the agent prints one section and does not end',
    step: 'agent',
    code: 'agent-slow',
    isWarning: true,
    arrange: (host) => {
      host.program('check_mk_agent', 'echo "<<<check_mk>>>"; sleep 60');
      return { args: ['--deadline=3'] };
    },
  },
  {
    name: 'the agent prints nothing',
    step: 'agent',
    code: 'output-empty',
    arrange: (host) => host.program('check_mk_agent', ':'),
  },
  {
    name: 'the agent prints UTF-16',
    step: 'agent',
    code: 'output-encoding',
    arrange: (host) => {
      return host.program(
        'check_mk_agent',
        "printf '\\377\\376<\\000<\\000<\\000a\\000>\\000\\n\\000'",
      );
    },
  },
  {
    name: 'the agent ends lines as Windows does',
    step: 'agent',
    code: 'output-encoding',
    isWarning: true,
    arrange: (host) => host.program('check_mk_agent', "printf '<<<a>>>\\r\\nb\\r\\n'"),
  },
  {
    name: 'the agent prints a page of a proxy',
    step: 'agent',
    code: 'output-html',
    arrange: (host) => host.agent('<!DOCTYPE html>', '<html>'),
  },
  {
    name: 'the daemon of the controller has failed',
    step: 'starter',
    code: 'service-failed',
    arrange: (host) => host.systemd('active', 'failed'),
  },
  {
    name: 'the socket unit has failed',
    step: 'starter',
    code: 'service-failed',
    arrange: (host) => host.systemd('failed', 'active'),
  },
  {
    name: 'the socket is there and the daemon is not running',
    step: 'starter',
    code: 'service-failed',
    arrange: (host) => host.systemd('active', 'inactive'),
  },
  {
    name: 'nothing starts the agent',
    step: 'starter',
    code: 'socket-missing',
    arrange: (host) => host.systemd('absent', 'absent'),
  },
  {
    name: 'xinetd lets in others only',
    step: 'starter',
    code: 'only-from',
    arrange: (host) => {
      host.systemd('absent', 'absent').file('etc/xinetd.d/check_mk', ...xinetd('192.0.2.0/28'));
      return { args: ['--site-address=192.0.2.16'] };
    },
  },
  {
    name: 'xinetd and the controller both start the agent',
    step: 'starter',
    code: 'two-listeners',
    isWarning: true,
    arrange: (host) => host.file('etc/xinetd.d/check_mk', ...xinetd('192.0.2.0/28')),
  },
  {
    name: 'nobody listens',
    step: 'listener',
    code: 'port-refused',
    arrange: () => ({ args: [`--port=${closed}`] }),
  },
  {
    name: 'a web server listens on the port of the agent',
    step: 'listener',
    code: 'other-service',
    skip: skipWithout('ss'),
    arrange: async (host, owner) => {
      host.tool('ss');
      return { args: [`--port=${await listenAs(owner, 'nginx', '0.0.0.0')}`] };
    },
  },
  {
    name: 'the agent listens on loopback only',
    step: 'listener',
    code: 'address-loopback',
    arrange: async (_host, owner) => ({
      args: [`--port=${await listenAs(owner, 'cmk-agent-ctl', '127.0.0.1')}`],
    }),
  },
  {
    name: 'the certificate has expired',
    step: 'controller',
    code: 'certificate-expired',
    arrange: (host) => {
      const to = 'Thu, 02 Nov 2023 10:00:00 +0000';
      return host.controller(controllerStatus({ ...goodDates, to }));
    },
  },
  {
    name: 'the certificate is of the future',
    step: 'controller',
    code: 'certificate-not-yet',
    arrange: (host) => {
      const from = 'Mon, 02 Nov 2054 10:00:00 +0000';
      return host.controller(controllerStatus({ ...goodDates, from }));
    },
  },
  {
    name: 'the socket of the agent is gone',
    step: 'controller',
    code: 'socket-missing',
    skip: onlyRoot,
    arrange: (host) => host.controller(controllerStatus({ socket: false })),
  },
  {
    name: 'the controller answers nothing',
    step: 'controller',
    code: 'service-failed',
    skip: onlyRoot,
    arrange: (host) => host.program('cmk-agent-ctl', 'echo broken >&2; exit 1'),
  },
  {
    name: 'nobody is behind the socket of the agent',
    step: 'dump',
    code: 'socket-refused',
    skip: onlyRoot || skipWithout('socat'),
    arrange: (host) => askSocket(host),
  },
  {
    name: 'the controller may not use the socket of the agent',
    step: 'dump',
    code: 'socket-forbidden',
    skip: onlyRoot || skipWithout('socat'),
    arrange: (host) => askSocket(host, `setpriv --reuid=${anotherUser} --clear-groups`),
  },
  {
    name: 'the host is registered nowhere',
    step: 'legacy',
    code: 'not-registered',
    arrange: (host) => host.controller(controllerStatus({ connections: 0 })),
  },
  {
    name: 'the controller gives plain text',
    step: 'legacy',
    code: 'legacy-plain',
    isWarning: true,
    arrange: (host) => {
      return host.controller(controllerStatus({ connections: 0, legacy: true }));
    },
  },
  {
    name: 'the controller lets in others only',
    step: 'legacy',
    code: 'only-from',
    arrange: (host) => {
      host.controller(controllerStatus({ allowed: ['192.0.2.0/28', 'bad', '2001:db8::1'] }));
      return { args: ['--site-address=192.0.2.16'] };
    },
  },
  {
    name: 'the name of the site is unknown',
    step: 'receiver',
    code: 'dns-none',
    skip: skipWithout('getent'),
    arrange: (host) => {
      return host.tool('getent').controller(controllerStatus({ site: 'nothing.invalid/mysite' }));
    },
  },
  {
    name: 'nobody listens at the receiver',
    step: 'receiver',
    code: 'receiver-unreachable',
    skip: skipWithout('nc'),
    arrange: (host) => {
      host.tool('nc');
      return host.controller(controllerStatus({ site: '127.0.0.1/mysite', port: closed }));
    },
  },
  {
    name: 'nobody listens at the receiver, and openssl finds out',
    step: 'receiver',
    code: 'receiver-unreachable',
    skip: skipWithout('openssl'),
    arrange: (host) => {
      host.tool('openssl');
      return host.controller(controllerStatus({ site: '127.0.0.1/mysite', port: closed }));
    },
  },
  {
    name: 'packets to the receiver are dropped, and a proxy is set',
    step: 'receiver',
    code: 'proxy-in-the-way',
    arrange: (host) => {
      host.program('nc', 'sleep 30');
      host.controller(controllerStatus({ site: '192.0.2.1/mysite' }));
      return { args: ['--deadline=4'], env: { https_proxy: 'http://proxy.example:3128' } };
    },
  },
  {
    name: 'the receiver speaks no TLS',
    step: 'receiver',
    code: 'receiver-certificate',
    skip: skipWithout('openssl'),
    arrange: async (host, owner) => {
      host.tool('openssl');
      const port = await listenPlain(owner);
      return host.controller(controllerStatus({ site: '127.0.0.1/mysite', port }));
    },
  },
  {
    name: 'the site knows the UUID no more',
    step: 'receiver',
    code: 'uuid-unknown',
    arrange: (host) => {
      host.program('nc', ':');
      const remote = { status: 'NotRegistered' };
      return host.controller(controllerStatus({ site: '127.0.0.1/mysite', remote }));
    },
  },
  {
    name: 'the clock stands in the past',
    step: 'clock',
    code: 'clock-wrong',
    arrange: (host) => {
      host.program(
        'date',
        'case $* in +%s) echo 1000000000 ;; *) echo 2001-09-09T01:46:40Z ;; esac',
      );
      return host;
    },
  },
  {
    name: 'the web server of the site has another time',
    step: 'clock',
    code: 'clock-wrong',
    arrange: (host) => {
      const answer = 'HTTP/1.1 200 OK\\r\\nDate: Mon, 02 Nov 2015 10:00:00 GMT\\r\\n\\r\\n8000';
      host.program('curl', `printf '${answer}'`).program('nc', ':');
      return host.controller(controllerStatus({ site: '127.0.0.1/mysite' }));
    },
  },
  {
    name: 'nothing keeps the clock right',
    step: 'clock',
    code: 'clock-wrong',
    isWarning: true,
    arrange: (host) => host.program('timedatectl', 'echo no'),
  },
  {
    name: 'the disk is full',
    step: 'system',
    code: 'disk-full',
    arrange: (host) => {
      const row = '/dev/sda1 1000 1000 0 100% /var';
      host.program('df', `echo Filesystem; echo '${row}'`);
      return host;
    },
  },
  {
    name: 'the root is mounted read-only',
    step: 'system',
    code: 'read-only',
    isWarning: true,
    arrange: (host) => {
      return host.file(
        'proc/mounts',
        '/dev/sda1 / ext4 rw 0 0',
        '/dev/sda1 / ext4 ro,relatime 0 0',
      );
    },
  },
  {
    name: 'the kernel forbids the agent something',
    step: 'system',
    code: 'selinux-denied',
    isWarning: true,
    skip: onlyRoot,
    arrange: (host) => {
      const line = 'audit: avc:  denied  { read } for pid=1 comm="check_mk_agent"';
      return host.program('journalctl', `echo '${line}'`);
    },
  },
  {
    name: 'a rule drops the port',
    step: 'firewall',
    code: 'blocked',
    isWarning: true,
    skip: onlyRoot,
    arrange: (host) => {
      host.program('nft', "echo '  tcp dport 6556 drop'");
      return { args: ['--port=6556'] };
    },
  },
  {
    name: 'the firewall lets in nothing',
    step: 'firewall',
    code: 'blocked',
    isWarning: true,
    skip: onlyRoot,
    arrange: (host) => {
      return host.program(
        'iptables',
        "printf '%s\\n' '-P INPUT DROP' '-A INPUT -p tcp --dport 22 -j ACCEPT'",
      );
    },
  },
];

/** A socket that was left behind, and a controller that connects to it as the agent's would. */
function askSocket(host: FakeHost, as = ''): FakeHost {
  host.file('run/check-mk-agent.socket');
  const path = join(host.root, 'run/check-mk-agent.socket');
  const listen = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  rmSync(path);
  spawnSync(process.execPath, ['--eval', listen]);
  const dump = `PATH=/usr/bin:/bin exec ${as} socat -u UNIX-CONNECT:${path} -`;
  const status = `printf '%s' '${controllerStatus()}'`;
  return host.program('cmk-agent-ctl', `case $1 in status) ${status} ;; dump) ${dump} ;; esac`);
}

function xinetd(onlyFrom: string): readonly string[] {
  const settings = ['type = UNLISTED', `only_from = 127.0.0.1 ${onlyFrom}`, 'disable = no'];
  return ['service check_mk', '{', `  port = 6556`, ...settings, '}'];
}

/** Fine as far as the case does not say otherwise. */
function makeHost(owner: Owner, shell: ShellName): FakeHost {
  const host = new FakeHost(owner, shell).agent().systemd('active', 'active');
  return host.controller(controllerStatus({ site: '127.0.0.1/mysite', port: closed }));
}

const isLong = process.env['COURIER_TEST_LONG'] !== undefined;

const usable = shellNames.filter((shell) => skipShell(shell) === false);

// Most of them wait: for an agent that hangs, for packets that nobody answers.
describe('causes', { concurrency: 4 }, () => {
  for (const [n, one] of cases.entries()) {
    for (const shell of isLong ? shellNames : [usable[n % usable.length] ?? 'dash']) {
      const skip = skipShell(shell) || (one.skip ?? false);
      test(`${one.name} (${shell})`, { skip }, async (t) => {
        const host = makeHost(t, shell);
        const arranged = await one.arrange(host, t);
        const { args = [], env = {} } = arranged instanceof FakeHost ? {} : arranged;
        const report = await host.report(args, { env });
        const step = stepOf(report, one.step);
        const status = one.isWarning ? 'warning' : 'fault';
        const named = {
          named: step.code ?? step.status,
          status: step.status,
          ms: report.duration_ms,
        };
        noteCase({ what: one.name, view: 'host', wanted: one.code, ...named });
        assert.deepEqual([step.status, step.code], [status, one.code], JSON.stringify(step));
        const cause = report.steps.find(({ id }) => id === report.cause?.step);
        assert.equal(cause?.status, report.verdict);
        assert.equal(report.exit, report.verdict === 'fault' ? report.cause?.exit : 0);
      });
    }
  }
});

test('an expired certificate of the receiver is told', {
  skip: skipWithout('openssl'),
}, async (t) => {
  const host = makeHost(t, 'dash').tool('openssl');
  const validUntil = new Date(Date.now() - 60_000);
  const server = createTlsServer(issueSelfSigned({ name: 'localhost', validUntil }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  host.controller(controllerStatus({ site: '127.0.0.1/mysite', port: portOf(server) }));
  const { status, code, text } = stepOf(await host.report(), 'receiver');
  const said = `the certificate of 127.0.0.1 port ${portOf(server)} has expired`;
  assert.deepEqual([status, code, text], ['fault', 'receiver-certificate', said]);
});

test('it opens the connections that its page names, and leaves none behind', {
  skip: skipWithout('nc') || skipWithout('openssl'),
}, async (t) => {
  const host = makeHost(t, 'dash').tool('nc').tool('openssl');
  const server = createTlsServer(issueSelfSigned({ name: 'localhost' }));
  const open = new Set<object>();
  let taken = 0;
  server.on('connection', (socket) => {
    taken += 1;
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  host.controller(controllerStatus({ site: '127.0.0.1/mysite', port: portOf(server) }));
  assert.equal(stepOf(await host.report(), 'receiver').code, null);
  await waitUntil(() => open.size === 0);
  assert.equal(taken, 2);
});
