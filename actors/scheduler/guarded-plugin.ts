// A plugin of the user's own may throw: that must cost its pod an attempt and not the cluster its scheduler. Every point
// is wrapped, and so are the closures it hands out. What throws in the middle of an attempt ends it as PluginFailed.

import type { Permission, Plugin, PostFilterResult, PreFilterResult, Preparation, Rejection } from './framework.ts';

/** A user's plugin threw; `point` says where. */
export class PluginFailed extends Error {
  override readonly name = 'PluginFailed';

  constructor(plugin: string, point: string, cause: unknown) {
    super(`running "${plugin}" ${point} plugin: ${textOf(cause)}`, { cause });
  }
}

export function guarded(plugin: Plugin): Plugin {
  const { name, preEnqueue, queueSort, filter, postFilter, score, reserve, permit, preBind } = plugin;
  const fail =
    (point: string) =>
    (cause: unknown): never => {
      throw new PluginFailed(name, point, cause);
    };
  const rejection = (cause: unknown): Rejection => ({ plugin: name, reasons: [textOf(cause)], resolvable: false });
  return {
    ...plugin,
    ...(preEnqueue && {
      preEnqueue: { ...preEnqueue, preEnqueue: (...of) => attempt(() => preEnqueue.preEnqueue(...of), textOf) },
    }),
    ...(queueSort && {
      queueSort: {
        before: (a, b) =>
          attempt(
            () => queueSort.before(a, b),
            () => false,
          ),
      },
    }),
    ...(filter && {
      filter: {
        ...filter,
        preFilter: (...asked: never[]) =>
          guardedResult(
            attempt(() => (filter.preFilter as Asked<PreFilterResult>)(...asked), fail('PreFilter')),
            fail('Filter'),
          ),
        wakesOn: (event, shape, at) =>
          attempt(
            () => filter.wakesOn(event, shape, at),
            () => true,
          ),
      } as NonNullable<Plugin['filter']>,
    }),
    ...(postFilter && {
      postFilter: {
        ...postFilter,
        postFilter: (failed) =>
          attempt(
            () => postFilter.postFilter(failed),
            (cause): PostFilterResult => ({ kind: 'helpless', message: textOf(cause) }),
          ),
      },
    }),
    ...(score && {
      score: {
        ...score,
        preScore(...asked: never[]) {
          const scorer = attempt(
            () => (score.preScore as Asked<((...of: never[]) => number) | undefined>)(...asked),
            fail('PreScore'),
          );
          return scorer && ((...of: never[]) => attempt(() => scorer(...of), fail('Score')));
        },
        ...(score.normalizeScore && {
          normalizeScore: (scores: Float64Array) =>
            attempt(() => score.normalizeScore?.(scores), fail('NormalizeScore')),
        }),
      } as NonNullable<Plugin['score']>,
    }),
    ...(reserve && {
      reserve: {
        reserve: (...of) => attempt(() => reserve.reserve(...of), rejection),
        unreserve: (...of) =>
          attempt(
            () => reserve.unreserve(...of),
            () => undefined,
          ),
      },
    }),
    ...(permit && {
      permit: {
        permit: (...of) =>
          attempt(
            () => permit.permit(...of),
            (cause): Permission => ({ kind: 'deny', rejection: rejection(cause) }),
          ),
      },
    }),
    ...(preBind && {
      preBind: {
        ...preBind,
        preBind: (...of) =>
          attempt(
            () => preBind.preBind(...of),
            (cause): Preparation => ({ kind: 'failed', message: textOf(cause) }),
          ),
      },
    }),
  };
}

type Asked<T> = (...asked: never[]) => T;

function guardedResult(result: PreFilterResult, fail: (cause: unknown) => never): PreFilterResult {
  if (result.kind !== 'filter') return result;
  const { filter, adjust } = result;
  return {
    ...result,
    filter: (node) => attempt(() => filter(node), fail),
    ...(adjust && { adjust: (pod, node, by) => attempt(() => adjust(pod, node, by), fail) }),
  };
}

function attempt<T>(work: () => T, otherwise: (cause: unknown) => T): T {
  try {
    return work();
  } catch (cause) {
    return otherwise(cause);
  }
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
