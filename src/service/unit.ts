/** The systemd unit for machines without OMD. */

import { fileMark, type Service, serviceUser, type UnitScope } from './service.ts';

/** @param command the executable and what stands before the service's own verb, absolute paths */
export function systemdUnit(
  { verb, unitArgs, checkArgs }: Service,
  command: readonly string[],
  scope: UnitScope,
): string {
  const [program = '', ...others] = command.map((word) => word.replaceAll('%', '%%'));
  // Only in what follows the program itself does systemd look for variables.
  const escaped = others.map((word) => word.replaceAll('$', () => '$$'));
  const call = (...args: readonly string[]) =>
    [program, ...escaped, verb, ...args].map(quote).join(' ');
  const unit = scope === 'system' ? ofMachine : ofUser;
  return `${fileMark}
[Unit]
Description=cmk-courier ${verb}${unit.start}

[Service]
Type=notify
# systemd's own systemd-notify tells it how we are, from a process of its own.
NotifyAccess=all
ExecStart=${call(...unitArgs[scope])}
# A reload that would fail, fails here, and says why.
ExecReload=${call('--check', ...checkArgs)}
ExecReload=/bin/kill -HUP $MAINPID
WatchdogSec=60
Restart=on-failure
RestartSec=5
TimeoutStopSec=45
RuntimeDirectory=cmk-courier
RuntimeDirectoryMode=0700
# What is ready stays good while the service is restarted.
RuntimeDirectoryPreserve=yes
LimitNOFILE=65536
NoNewPrivileges=yes${unit.service}

[Install]
WantedBy=${unit.wantedBy}
`;
}

/**
 * Nothing but what a client and server needs. Left out is what Node cannot do without: memory that
 * is written and then executed (MemoryDenyWriteExecute=), and the uptime in /proc (ProcSubset=).
 */
const ofMachine = {
  start: `
After=network-online.target
Wants=network-online.target`,
  service: `
User=${serviceUser}
Environment=HOME=%S/cmk-courier XDG_CONFIG_HOME=%E XDG_STATE_HOME=%S XDG_RUNTIME_DIR=%t
StateDirectory=cmk-courier
StateDirectoryMode=0700
UMask=0077
ProtectSystem=strict
ReadWritePaths=-/etc/cmk-courier
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
PrivateMounts=yes
DevicePolicy=closed
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectProc=invisible
RemoveIPC=yes
# A port below 1024 needs CAP_NET_BIND_SERVICE here and in AmbientCapabilities=.
CapabilityBoundingSet=
AmbientCapabilities=
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM`,
  wantedBy: 'multi-user.target',
};

/** Shielding needs rights that a user's systemd may not have, and would then not start at all. */
const ofUser = { start: '', service: '', wantedBy: 'default.target' };

/** The user the units of the machine run as, for systemd-sysusers(8). */
export const sysusersFile = `${fileMark}
u ${serviceUser} - "cmk-courier" /var/lib/cmk-courier
`;

/** As systemd reads command lines (systemd.service(5)). */
function quote(word: string): string {
  return /[\s"'\\]/.test(word) ? `"${word.replace(/["\\]/g, '\\$&')}"` : word;
}
