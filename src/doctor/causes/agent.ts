/** Causes in the agent, in what starts it, in its host, and in what it prints. */

import { cause } from './cause.ts';

export const agentCauses = {
  'agent-missing': cause('LOCAL', 'host', 'there is no agent on the host', {
    host: 'install the package of the Checkmk agent',
  }),
  'agent-fails': cause('PEER', 'host', 'the agent fails', {
    host: 'check_mk_agent >/dev/null; echo $?',
  }),
  'agent-slow': cause('TIMEOUT', 'host', 'the agent needs too long', {
    host: 'time check_mk_agent >/dev/null; run slow plug-ins asynchronously',
  }),
  'agent-hangs': cause('TIMEOUT', 'host', 'the agent does not end in time: it hangs, or is slow', {
    host: 'ps -ef | grep check_mk_agent; df',
  }),
  'socket-missing': cause('LOCAL', 'host', 'the socket of the agent is missing', {
    host: 'systemctl enable --now check-mk-agent.socket',
  }),
  'socket-refused': cause('PEER', 'host', 'nobody answers on the socket of the agent', {
    host: 'systemctl restart check-mk-agent.socket',
  }),
  'socket-forbidden': cause(
    'REFUSED',
    'host',
    'the controller may not use the socket of the agent',
    {
      host: 'ls -l /run/check-mk-agent.socket; it belongs to the user cmk-agent',
    },
  ),
  'service-failed': cause('LOCAL', 'host', 'the service that starts the agent has failed', {
    host: 'systemctl status cmk-agent-ctl-daemon.service check-mk-agent.socket',
  }),
  'two-listeners': cause('LOCAL', 'host', 'two services want the port of the agent', {
    host: 'ss -ltnp sport = :{port}; disable the one in xinetd or systemd',
  }),
  'only-from': cause('REFUSED', 'host', 'the host does not let the address of the site in', {
    host: 'add the address of the site to only_from',
  }),
  'output-empty': cause('NO_OUTPUT', 'host', 'the agent answers, and prints nothing', {
    host: 'check_mk_agent | head -1; cmk-agent-ctl dump | head -1',
  }),
  'output-html': cause('MALFORMED', 'path', 'a web page comes in place of agent output', {
    site: 'look at the address and port of {host}: a web server or a proxy answers',
  }),
  'output-encoding': cause('MALFORMED', 'host', 'the output is in an encoding that no site reads', {
    host: 'let the agent write UTF-8',
  }),
  'output-torn': cause('MALFORMED', 'host', 'the output is damaged or ends in the middle', {
    host: 'cmk-agent-ctl dump | tail -1',
    site: 'cmk-courier check FILE',
  }),
  'output-stale': cause('STALE', 'host', 'the agent prints again what it has printed before', {
    host: 'check_mk_agent | grep -A1 -e systemtime -e uptime; look for a wrapper or cache around the agent',
  }),
  'output-other-host': cause('MALFORMED', 'host', 'the output is that of another host', {
    site: 'look at the address of {host}: another one answers there',
  }),
  'output-too-large': cause('TOO_LARGE', 'host', 'the output does not end, or is too large', {
    host: 'check_mk_agent | wc -c; look at what its plug-ins print',
  }),
  'section-missing': cause('NO_OUTPUT', 'host', 'sections are missing that the host had before', {
    host: 'look at the plug-ins of the agent',
  }),
  'disk-full': cause('LOCAL', 'host', 'a file system is full', { host: 'df -h' }),
  'read-only': cause('LOCAL', 'host', 'a file system is read-only', {
    host: 'dmesg | tail; mount',
  }),
  'selinux-denied': cause('LOCAL', 'host', 'the security of the system denies something', {
    host: 'ausearch -m avc -ts recent',
  }),
} as const;
