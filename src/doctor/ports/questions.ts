/** What is asked of a port over UDP, so that an answer can come at all. */

/** SNMPv2c get of sysUpTime with the community `public` (RFC 3416). */
const snmp = Buffer.from(
  '302602010104067075626c6963a019020101020100020100300e300c06082b060102010103000500',
  'hex',
);

/** The name servers of the root, with recursion desired (RFC 1035, 4.1). */
const dns = Buffer.from('4357010000010000000000000000020001', 'hex');

/** A client of NTP version 4: 48 bytes, the first of which says so (RFC 5905, 7.3). */
const ntp = Buffer.alloc(48);
ntp[0] = 0x23;

const byPort: ReadonlyMap<number, Buffer> = new Map([
  [53, dns],
  [123, ntp],
  [161, snmp],
]);

/** Says what it is to whoever logs it, as syslog does. */
const ours = Buffer.from('cmk-courier doctor ports');

/** A real question where the protocol has one, on its own port alone. */
export function questionFor(port: number): Buffer {
  return byPort.get(port) ?? ours;
}
