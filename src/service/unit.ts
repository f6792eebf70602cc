/** The systemd unit for hosts without OMD. */

import { fileMark, type Service } from './service.ts';

/** @param program the executable, as an absolute path */
export function systemdUnit({ verb, args }: Service, program: string): string {
  const command = [program, verb, ...args].map(quote).join(' ');
  return `${fileMark}
[Unit]
Description=cmk-courier ${verb}
After=network-online.target
Wants=network-online.target

[Service]
Type=notify
# systemd's own systemd-notify tells it how we are, from a process of its own.
NotifyAccess=all
ExecStart=${command}
ExecReload=/bin/kill -HUP $MAINPID
WatchdogSec=60
Restart=on-failure
RestartSec=5
TimeoutStopSec=45
RuntimeDirectory=cmk-courier
RuntimeDirectoryMode=0700
RuntimeDirectoryPreserve=yes
LimitNOFILE=65536
NoNewPrivileges=yes
ProtectSystem=full
PrivateTmp=yes

[Install]
WantedBy=default.target
`;
}

/** As systemd reads command lines (systemd.service(5)): `%` and `$` doubled, quoted where needed. */
function quote(word: string): string {
  const escaped = word.replaceAll('$', '$$$$');
  return /[\s"'\\]/.test(escaped) ? `"${escaped.replace(/["\\]/g, '\\$&')}"` : escaped;
}
