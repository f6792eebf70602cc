/** What the line of a fault that lies ready says about the host itself. */

/** Trouble here, and a broker that cannot be asked, say nothing about the host. */
export function isNotOfHost(line: string): boolean {
  return /\((?:INTERNAL|USAGE|CONFIG|LOCAL)\)$/.test(line) || isOfBrokers(line);
}

/**
 * Whether somebody has looked: a source that was asked here, or a relay that was well then. What a
 * spool has not got may be for a relay that is silent.
 */
export function isOfHost(line: string): boolean {
  if (isNotOfHost(line)) return false;
  if (toldByRelay.test(line)) return !ofSilentRelay.test(line);
  if (!line.startsWith('cmk-courier: spool: ') && !byBroker.test(line)) return true;
  return findOthers(line).some((other) => !nobodyLooked.test(other));
}

const toldByRelay = /^cmk-courier: spool: [^:]+: relay .+ ago: /;
const ofSilentRelay = /; relay .+ (?:has been silent|was stopped|is not known any more)/;
const brokerFaults = '(?:UNREACHABLE|TIMEOUT|REFUSED|PEER)';
const byBroker = new RegExp(`^cmk-courier: (?:nats|mqtt): .*\\(${brokerFaults}\\)$`);
const otherByBroker = new RegExp(`^(?:nats|mqtt) ${brokerFaults}$`);
const nobodyLooked = new RegExp(`^(?:spool [A-Z_]+|(?:nats|mqtt) ${brokerFaults})$`);

/** Whether no source but brokers was asked: the line has the last fault, and the others by code. */
function isOfBrokers(line: string): boolean {
  if (!byBroker.test(line)) return false;
  return findOthers(line).every((other) => otherByBroker.test(other));
}

/** Sources before the last, each with its code. */
function findOthers(line: string): readonly string[] {
  const [, others] = /; before it ([^;]*) \([A-Z_]+\)$/.exec(line) ?? [];
  return others?.split(', ') ?? [];
}
