/**
 * undici's HTTP client by itself. The package's main file loads everything undici has, which
 * takes longer than all of a fetch.
 */
declare module 'undici/lib/dispatcher/client.js' {
  import type { Client } from 'undici';

  const client: typeof Client;
  export default client;
}
