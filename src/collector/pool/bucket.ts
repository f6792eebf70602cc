/** The bucket of NATS in which beats of members lie. */

import type { KV, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Logger } from '../../logging/log.ts';

export const poolBucket = 'COURIER_POOL';
/** A beat that nobody renews is of no use to anybody. */
const keptMs = 60_000;
const settings = { history: 1, ttl: keptMs, description: 'collectors that share hosts' };

/** Error codes of JetStream (server/errors.json of nats-server). */
const streamNotFound = 10059;
const noCluster = 10074;
const tooFewServers = 10005;

/**
 * The bucket, made where it is not there. Rejects with errors of the library.
 *
 * @param timeout for an answer of the servers, in milliseconds
 * @param log hears when it could not be made as it should be
 */
export async function openBucket(
  connection: NatsConnection,
  timeout: number,
  log: Logger,
): Promise<KV> {
  const { jetstream } = await import('@nats-io/jetstream');
  const { Kvm } = await import('@nats-io/kv');
  const kvm = new Kvm(jetstream(connection, { timeout }));
  const bucket = await kvm.open(poolBucket);
  try {
    await bucket.status();
    return bucket;
  } catch (error) {
    // What is there and does not answer is not made anew.
    if (codeOf(error) !== streamNotFound) throw error;
    return makeBucket(kvm, log);
  }
}

/** Three servers keep it where there are three: the death of one is to change nothing. */
async function makeBucket(kvm: Kvm, log: Logger): Promise<KV> {
  try {
    return await kvm.create(poolBucket, { ...settings, replicas: 3 });
  } catch (error) {
    const code = codeOf(error);
    if (code !== noCluster && code !== tooFewServers) throw error;
    const bucket = await kvm.create(poolBucket, settings);
    const what = `the bucket ${poolBucket} is kept by one server of the cluster only, as fewer than three are there`;
    if (code === tooFewServers) log.warn({}, what);
    return bucket;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error ? Reflect.get(error, 'code') : undefined;
}
