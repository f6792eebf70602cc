/** The certificates in use, and whose certificate is accepted. */

import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { DEFAULT_CIPHERS, type SecureContextOptions } from 'node:tls';
import { Revocations } from '../certs/revocation.ts';
import {
  type CertificateStore,
  findControllerObjection,
  loadCertificates,
} from '../certs/store.ts';
import type { Clock } from '../clock.ts';
import { CourierError } from '../faults/errors.ts';
import { type PeerCertificate, peerOf, requireCertificate } from './peer.ts';

/**
 * No ciphers whose key exchange is RSA: whoever gets hold of the server's key later could read
 * what was sent before. Every client that has TLS 1.2 has others.
 */
const ciphers = `${DEFAULT_CIPHERS}:!kRSA`;

interface Loaded {
  readonly store: CertificateStore;
  readonly authority: X509Certificate;
  readonly revocations: Revocations;
}

export class Trust {
  readonly #directory: string;
  readonly #clock: Clock;
  #loaded: Loaded;
  /** Readings that have begun, and the last of them that counts. */
  #begun = 0;
  #applied = 0;

  private constructor(directory: string, clock: Clock, loaded: Loaded) {
    this.#directory = directory;
    this.#clock = clock;
    this.#loaded = loaded;
  }

  /**
   * @throws CourierError CONFIG when an agent controller would not accept our certificate, or a
   * file is damaged; LOCAL when one cannot be read
   */
  static async load(directory: string, clock: Clock): Promise<Trust> {
    return new Trust(directory, clock, await load(directory, clock));
  }

  /** Reads everything again; keeps what it has when that fails. */
  async reload(): Promise<void> {
    this.#begun += 1;
    const turn = this.#begun;
    const loaded = await load(this.#directory, this.#clock);
    // Whoever began later knows at least as much.
    if (turn < this.#applied) return;
    this.#applied = turn;
    this.#loaded = loaded;
  }

  get store(): CertificateStore {
    return this.#loaded.store;
  }

  /** What the TLS server needs; only the agent CA is trusted for clients. */
  get secureContext(): SecureContextOptions {
    const { serverKey, serverCert, agentCaCert } = this.store;
    const always = { minVersion: 'TLSv1.2', ciphers } as const;
    return { key: serverKey, cert: serverCert, ca: agentCaCert, ...always };
  }

  get notAfter(): Date {
    return new Date(new X509Certificate(this.store.serverCert).validTo);
  }

  /** Whether the connection comes with a certificate, verified or not. */
  hasCertificate(socket: Socket): boolean {
    return peerOf(socket, this.#loaded.authority).kind !== 'anonymous';
  }

  /** Denies certificates of a host from now on; on disk when this resolves. */
  async revoke(serials: readonly string[], uuid: string): Promise<void> {
    const now = new Date(this.#clock.now());
    for (const serial of serials) await this.#loaded.revocations.add(serial, uuid, now);
  }

  /**
   * Whom the certificate would be for that our CA has given the peer, accepted now or not.
   */
  uuidOf(socket: Socket): string | undefined {
    const peer = peerOf(socket, this.#loaded.authority);
    return peer.kind === 'anonymous' ? undefined : peer.uuid;
  }

  /**
   * The peer's certificate, with validity and revocation checked now.
   *
   * @param remedy what is to be done where only another certificate helps
   * @throws Refusal
   */
  async requireCertificate(
    socket: Socket,
    remedy = 'register the host again',
  ): Promise<PeerCertificate> {
    const { authority, revocations } = this.#loaded;
    const peer = peerOf(socket, authority);
    if (peer.kind === 'certificate') await revocations.reload();
    const isRevoked = (serial: string) => revocations.has(serial);
    return requireCertificate(peer, { authority, isRevoked, now: this.#clock.now(), remedy });
  }
}

async function load(directory: string, clock: Clock): Promise<Loaded> {
  const store = await loadCertificates(directory);
  const objection = findControllerObjection(
    store.serverCert,
    store.rootCert,
    new Date(clock.now()),
  );
  if (objection !== undefined) {
    const message = `an agent controller would refuse the server certificate in ${directory}: ${objection}; cmk-courier certs server makes another`;
    throw new CourierError('CONFIG', message);
  }
  const revocations = await Revocations.load(directory);
  return { store, authority: new X509Certificate(store.agentCaCert), revocations };
}
