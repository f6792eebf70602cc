/** The routes the collector goes by, each with its transports loaded. */

import type { CommandContext } from '../cli/command.ts';
import type { SourceStep } from '../fetching/attempt.ts';
import { type PreparedRoute, prepareRoute, toSteps } from '../fetching/route-plan.ts';
import { type SealWay, toWay } from '../fetching/sealed.ts';
import { loadRoutes } from '../routes/load.ts';
import type { Route, Routes } from '../routes/route.ts';
import type { LendTransport } from '../transports/transport.ts';
import { keepConnections } from './kept-connections.ts';

/** Files with secrets are read again after this time. */
const longestLifeMs = 600_000;

interface Prepared {
  readonly route: Promise<PreparedRoute>;
  readonly atMs: number;
}

interface Surroundings {
  readonly context: CommandContext;
  readonly lend: LendTransport;
  readonly sealWay: SealWay | undefined;
}

export class RoutesInForce {
  readonly routes: Routes;
  readonly #context: CommandContext;
  readonly #lend: LendTransport;
  readonly #sealWay: SealWay | undefined;
  readonly #prepared = new Map<Route, Prepared>();

  private constructor(routes: Routes, { context, lend, sealWay }: Surroundings) {
    this.routes = routes;
    this.#sealWay = sealWay;
    this.#context = context;
    this.#lend = lend;
  }

  /**
   * Loads a routes file and checks all of it, the options of transports included.
   *
   * @param sealWay who else gets sealed output, as it is
   * @throws CourierError CONFIG, LOCAL
   */
  static async load(
    path: string,
    context: CommandContext,
    lend: LendTransport,
    sealWay?: SealWay,
  ): Promise<RoutesInForce> {
    const routes = await loadRoutes(path);
    for (const route of routes.routes) {
      await toSteps([...route.sources, ...route.with], path, context.env);
    }
    return new RoutesInForce(routes, { context, lend, sealWay });
  }

  /**
   * What a fetch on the route needs.
   *
   * @throws CourierError when a secret of it cannot be read, and then again until it can
   */
  async prepare(route: Route): Promise<PreparedRoute> {
    const nowMs = this.#context.clock.monotonic();
    const known = this.#prepared.get(route);
    if (known !== undefined && nowMs - known.atMs < longestLifeMs) return known.route;
    const prepared = { route: this.#prepareAnew(route), atMs: nowMs };
    this.#prepared.set(route, prepared);
    prepared.route.catch(() => {
      if (this.#prepared.get(route) === prepared) this.#prepared.delete(route);
    });
    return prepared.route;
  }

  async #prepareAnew(route: Route): Promise<PreparedRoute> {
    const prepared = await prepareRoute(route, this.routes.path, this.#context, this.#lend);
    const { everyMs } = route.settings;
    const keep = (step: SourceStep) => keepConnections(step, everyMs);
    const steps = { steps: prepared.steps.map(keep), with: prepared.with.map(keep) };
    if (this.#sealWay === undefined) return { ...prepared, ...steps };
    const rules = { ...prepared.rules, seal: toWay(prepared.rules.seal, this.#sealWay) };
    return { ...prepared, ...steps, rules };
  }
}
