/**
 * The init script of a site: `omd start`, `omd stop`, `omd status` and so on run every script in
 * etc/rc.d with that word. For `status`, 0 is running, 1 stopped.
 */

import { fileMark, type Service } from './service.ts';

/** How long a service may take to come up, and to end by itself, in seconds. */
const startSeconds = 15;
const stopSeconds = 35;

/** @param program the executable, as a path or a name to be found in PATH */
export function initScript({ verb, name, socket, siteArgs }: Service, program: string): string {
  const isUp = socket === undefined ? 'is_running' : `[ -S "$OMD_ROOT/${socket}" ]`;
  return `#!/bin/sh
${fileMark}
# Starts and stops cmk-courier ${verb} with the site.

: "\${OMD_ROOT:?}"
name=${name}
program=${shellQuote(program)}
pidfile=$OMD_ROOT/tmp/run/$name.pid
logfile=$OMD_ROOT/var/log/$name.log

# A pid may have been given to another process since.
is_running() {
  pid=$(cat "$pidfile" 2> /dev/null) && [ -n "$pid" ] || return 1
  [ -r "/proc/$pid/cmdline" ] || return 1
  tr '\\000' ' ' < "/proc/$pid/cmdline" | grep -qF -- "$program ${verb} "
}

say() { printf '%s %s...%s\\n' "$1" "$name" "$2"; }

start() {
  if is_running; then say Starting ' already running'; return 0; fi
  mkdir -p "\${pidfile%/*}" "\${logfile%/*}"
${socket === undefined ? '' : `  rm -f "$OMD_ROOT/${socket}"\n`}  # shellcheck disable=SC2016 # for the inner shell, whose pid it is
  setsid sh -c 'echo $$ > "$1"; shift; exec "$@"' sh "$pidfile" "$program" ${[verb, ...siteArgs].join(' ')} \\
    >> "$logfile" 2>&1 < /dev/null &
  waited=0
  while [ "$waited" -lt ${startSeconds * 10} ]; do
    sleep 0.1
    waited=$((waited + 1))
    if is_running && ${isUp}; then say Starting OK; return 0; fi
    # Not yet begun, or ended already.
    [ "$waited" -lt 10 ] || is_running || break
  done
  say Starting " failed: $(tail -n 1 "$logfile")"
  return 1
}

stop() {
  if ! is_running; then say Stopping ' not running'; rm -f "$pidfile"; return 0; fi
  kill "$pid"
  waited=0
  while is_running && [ "$waited" -lt ${stopSeconds * 10} ]; do
    sleep 0.1
    waited=$((waited + 1))
  done
  if is_running; then kill -KILL "$pid"; fi
  rm -f "$pidfile"
  say Stopping OK
}

case \${1-} in
  start) start ;;
  stop) stop ;;
  restart) stop && start ;;
  reload)
    if is_running; then kill -HUP "$pid" && say Reloading OK; else start; fi
    ;;
  status)
    if is_running; then say Checking ' running'; else say Checking ' stopped'; exit 1; fi
    ;;
  *)
    echo "usage: $0 start|stop|restart|reload|status" >&2
    exit 2
    ;;
esac
`;
}

/** As one word of sh. */
function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
