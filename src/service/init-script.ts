/**
 * The init script of a site. `omd start`, `omd stop`, `omd status` and so on run every script in
 * etc/rc.d with that word, in the site's directory and environment. For `status` it takes 0 as
 * running, 5 as unused and all else as stopped; for other words 0 and 5 as success.
 */

import { basename } from 'node:path';
import { fileMark, type Service } from './service.ts';

/**
 * @param command the executable and what stands before the service's own verb, as absolute paths
 * @param site its directory; what lies below it is found again when the site is moved or copied
 */
export function initScript(service: Service, command: readonly string[], site: string): string {
  const { verb, name, upMessage, siteArgs } = service;
  const [program = ''] = command.slice(-1);
  const words = [...command.map((path) => toWord(path, site)), verb, ...siteArgs];
  return `#!/bin/sh
${fileMark}
# Starts and stops cmk-courier ${verb} with the site.

name=${name}
run() { exec setsid ${words.join(' ')}; }
# Whether what it would reload is good; says why not.
check() { ${words.join(' ')} --check; }
# What its arguments hold, and what its log says as soon as it does its work.
ours=${shellQuote(`${basename(program)} ${verb} `)}
up_message=${shellQuote(`"msg":"${upMessage}"`)}
${body}`;
}

/** The same for every service. */
const body = `# How long it may take to come up, and to end by itself.
start_seconds=30
stop_seconds=35

: "\${OMD_ROOT:?}"
cd "$OMD_ROOT" || exit 1
pidfile=$OMD_ROOT/tmp/run/$name.pid
logfile=$OMD_ROOT/var/log/$name.log

# The arguments of a process; nothing when it is gone.
command_of() { { tr '\\000' ' ' < "/proc/$1/cmdline"; } 2> /dev/null; }

# While a process becomes another program, it has none for a moment.
is_gone() { [ -z "$(command_of "$1")" ] && sleep 0.1 && [ -z "$(command_of "$1")" ]; }

# A pid may have been given to another process since.
is_ours() {
  case " $(command_of "$1")" in
    *[\\ /]"$ours"*) ;;
    *) return 1 ;;
  esac
}

is_running() {
  pid=$(cat "$pidfile" 2> /dev/null)
  case $pid in
    '' | *[!0-9]*) return 1 ;;
    *) is_ours "$pid" ;;
  esac
}

# Whether the process ends within so many seconds.
ends_within() {
  left=$(($1 * 10))
  while is_ours "$pid"; do
    [ "$left" -gt 0 ] || return 1
    left=$((left - 1))
    sleep 0.1
  done
}

say() { printf '%s %s...%s\\n' "$1" "$name" "$2"; }

# What it has written to its log since it was started.
said() { tail -c "+$log_start" "$logfile"; }

start() {
  if is_running; then
    say Starting ' already running'
    return 0
  fi
  # Node crashes when it may not open as many files as it needs for itself.
  # shellcheck disable=SC3045 # every sh has -H
  case $(ulimit -H -n 2> /dev/null) in
    [0-9] | [12][0-9])
      say Starting ' failed: fewer than 30 files may be open (ulimit -n)'
      return 1
      ;;
  esac
  mkdir -p "\${pidfile%/*}" "\${logfile%/*}" && : >> "$logfile" || return 1
  log_start=$(($(wc -c < "$logfile") + 1))
  run >> "$logfile" 2>&1 < /dev/null &
  pid=$!
  echo "$pid" > "$pidfile"
  left=$((start_seconds * 10))
  until said | grep -F -e "$up_message" > /dev/null; do
    if is_gone "$pid"; then
      rm -f "$pidfile"
      say Starting " failed: $(said | tail -n 1)"
      return 1
    fi
    if [ "$left" -le 0 ]; then
      say Starting " not up after $start_seconds seconds, see $logfile"
      return 1
    fi
    left=$((left - 1))
    sleep 0.1
  done
  say Starting OK
}

stop() {
  if ! is_running; then
    rm -f "$pidfile"
    say Stopping ' not running'
    return 0
  fi
  kill "$pid" 2> /dev/null
  if ! ends_within "$stop_seconds"; then
    kill -KILL "$pid" 2> /dev/null
    if ! ends_within 5; then
      say Stopping ' failed'
      return 1
    fi
  fi
  rm -f "$pidfile"
  say Stopping OK
}

reload() {
  if ! is_running; then
    say Reloading ' not running'
    return 1
  fi
  if ! fault=$(check 2>&1 < /dev/null); then
    say Reloading " failed, all stays as it is: $fault"
    return 1
  fi
  kill -HUP "$pid" && say Reloading OK
}

status() {
  if is_running; then
    say Checking ' running'
  else
    say Checking ' stopped'
    return 1
  fi
}

case \${1-} in
  start | stop | reload | status) "$1" ;;
  restart) stop && start ;;
  *)
    echo "usage: $0 start|stop|restart|reload|status" >&2
    exit 2
    ;;
esac
`;

/** A path as one word of sh. */
function toWord(path: string, site: string): string {
  return path.startsWith(`${site}/`)
    ? `"$OMD_ROOT"${shellQuote(path.slice(site.length))}`
    : shellQuote(path);
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
