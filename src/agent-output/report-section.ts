/** The section in which a fetch tells how output was come by, for the plug-ins of our package. */

import { cleanText } from '../faults/errors.ts';

/** What the envelope of sealed output says of it. */
export interface SealReport {
  /** Label of the key it was sealed with. */
  readonly key: string;
  readonly sequence?: number;
  readonly producedAt?: Date;
  /** Until the key expires; undefined when it does not. */
  readonly daysLeft?: number;
}

/** One source of the chain, as it was asked or would have been. */
export interface ReportedSource {
  readonly transport: string;
  readonly source: string;
}

/** A source beside the chain: what it added, or why it added nothing. */
export interface WithReport {
  readonly transport: string;
  /** Where it was; of one that failed, which source. */
  readonly source: string;
  readonly producedAt: Date | undefined;
  readonly durationMs: number | undefined;
  readonly bytes: number;
  readonly sections: number;
  /** What was there already and is not added. */
  readonly left: readonly string[];
  readonly losses: string | undefined;
  readonly fault: { readonly code: string; readonly text: string } | undefined;
}

/** How output was come by. Times are moments; the section has them as seconds since 1970. */
export interface CourierReport {
  readonly courier: string;
  /** Who makes the service: this section, or a local check beside it. */
  readonly service: 'section' | 'local';
  /** Where it is from; of grace, who brought it to the spool. */
  readonly transport: string | undefined;
  readonly source: string;
  readonly producedAt: Date | undefined;
  readonly reportedAt: Date;
  /** Of grace nobody counts them. */
  readonly attempts: number | undefined;
  readonly durationMs: number | undefined;
  readonly bytes: number;
  readonly pick: 'first' | 'freshest';
  /** Sources that were asked before and had none: `http UNREACHABLE`. */
  readonly failed: readonly string[];
  /** What some version of the site drops of it, in words. */
  readonly losses: string | undefined;
  /** Whatever else is to be known, in words. */
  readonly note: string | undefined;
  /** Why old output stands in. */
  readonly grace:
    | { readonly code: string; readonly text: string; readonly limitMs: number }
    | undefined;
  readonly seal: SealReport | undefined;
  readonly path: readonly ReportedSource[];
  readonly with: readonly WithReport[];
}

/**
 * The section `cmk_courier`: one line of JSON. It is ended, so that text around it joins no section.
 * What is unknown is null; readers take no offence at keys they do not know.
 */
export function toReportSection(report: CourierReport): Buffer {
  const { producedAt, reportedAt, durationMs, grace, seal, path } = report;
  const ageMs = producedAt && Math.max(0, reportedAt.getTime() - producedAt.getTime());
  const document = {
    version: 1,
    courier: report.courier,
    service: report.service,
    transport: report.transport ?? null,
    source: cleanText(report.source),
    produced_at: toSeconds(producedAt?.getTime()),
    reported_at: toSeconds(reportedAt.getTime()),
    age: toSeconds(ageMs),
    attempts: report.attempts ?? null,
    duration: toSeconds(durationMs),
    bytes: report.bytes,
    pick: report.pick,
    failed: report.failed,
    losses: report.losses ?? null,
    note: report.note ?? null,
    grace: grace
      ? {
          ...grace,
          text: cleanText(grace.text),
          limitMs: undefined,
          limit: toSeconds(grace.limitMs),
        }
      : null,
    seal: seal
      ? {
          key: cleanText(seal.key),
          sequence: seal.sequence ?? null,
          produced_at: toSeconds(seal.producedAt?.getTime()),
          days_left: seal.daysLeft ?? null,
        }
      : null,
    path: path.map(({ transport, source }) => ({ transport, source: cleanText(source) })),
    // Left out where a route has none.
    ...(report.with.length === 0
      ? {}
      : { with: report.with.map((one) => toWith(one, reportedAt)) }),
  };
  return Buffer.from(`<<<cmk_courier:sep(0)>>>\n${JSON.stringify(document)}\n<<<>>>\n`);
}

function toWith(one: WithReport, reportedAt: Date): object {
  const { transport, source, producedAt, durationMs, bytes, sections, left, losses, fault } = one;
  const ageMs = producedAt && Math.max(0, reportedAt.getTime() - producedAt.getTime());
  return {
    transport,
    source: cleanText(source),
    produced_at: toSeconds(producedAt?.getTime()),
    age: toSeconds(ageMs),
    duration: toSeconds(durationMs),
    bytes,
    sections,
    left: left.map((name) => cleanText(name)),
    losses: losses ?? null,
    fault: fault === undefined ? null : { code: fault.code, text: cleanText(fault.text) },
  };
}

/** To the millisecond. */
function toSeconds(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms) / 1000;
}
