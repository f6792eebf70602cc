/** Peers that serve several hosts. */

/**
 * Scheme and authority of a source that is the same for all hosts, such as `https://depot:8443`;
 * undefined when each host is a peer of its own, and for sources on this machine.
 */
export function sharedPeerOf(uri: string): string | undefined {
  const [, peer, authority = ''] = /^([^:]+:\/\/([^/?#]*))/.exec(uri) ?? [];
  if (authority === '' || /\{(?:host|address)\}/.test(authority)) return undefined;
  return peer;
}
