/** The systemd unit for machines without OMD. */

import { fileMark, type Service, type UnitScope } from './service.ts';

/** @param command the executable and what stands before the service's own verb, absolute paths */
export function systemdUnit(
  { verb, unitArgs }: Service,
  command: readonly string[],
  scope: UnitScope,
): string {
  const [program = '', ...others] = command.map((word) => word.replaceAll('%', '%%'));
  // Only in what follows the program itself does systemd look for variables.
  const escaped = others.map((word) => word.replaceAll('$', () => '$$'));
  const words = [program, ...escaped, verb, ...unitArgs[scope]].map(quote);
  const unit = scope === 'system' ? ofMachine : ofUser;
  return `${fileMark}
[Unit]
Description=cmk-courier ${verb}${unit.start}

[Service]
Type=notify
# systemd's own systemd-notify tells it how we are, from a process of its own.
NotifyAccess=all
ExecStart=${words.join(' ')}
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

const ofMachine = {
  start: `
After=network-online.target
Wants=network-online.target`,
  service: `
StateDirectory=cmk-courier
StateDirectoryMode=0700
ProtectSystem=full
ReadWritePaths=-/etc/cmk-courier
PrivateTmp=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictSUIDSGID=yes
LockPersonality=yes`,
  wantedBy: 'multi-user.target',
};

/** Shielding needs rights that a user's systemd may not have, and would then not start at all. */
const ofUser = { start: '', service: '', wantedBy: 'default.target' };

/** As systemd reads command lines (systemd.service(5)). */
function quote(word: string): string {
  return /[\s"'\\]/.test(word) ? `"${word.replace(/["\\]/g, '\\$&')}"` : word;
}
