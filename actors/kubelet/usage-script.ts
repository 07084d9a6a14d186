// How much of something a simulated container uses over time, as people script it. A script is a function of the time
// since the container started and of nothing else (invariant), so usage is computed when somebody asks and never kept.
//
//   100m                     always the same
//   64Mi..512Mi/60s          from one to the other within a minute, then it stays
//   sine 100m..500m/5m       to and fro, once in five minutes
//   100m, 500m@30s, 50m@2m   steps: another amount from then on
//   shared <any of these>    that much for all running pods of the same controller together

import { parseQuantity } from '../../streams/resources/quantity.ts';
import { parseDuration } from '../kit/go-duration.ts';

export type UsageShape =
  | { readonly kind: 'steps'; readonly steps: readonly { readonly fromMs: number; readonly amount: number }[] }
  | { readonly kind: 'ramp' | 'sine'; readonly low: number; readonly high: number; readonly ms: number };

export type UsageScript = { readonly shape: UsageShape; readonly shared: boolean };

/** Units of a whole: CPU is counted in nanocores, memory in bytes. */
export type UsageUnit = 1 | 1_000_000_000;

export const scriptForms =
  'an amount (100m), a ramp (64Mi..512Mi/60s), a sine (sine 100m..500m/5m) or steps (100m, 500m@30s)';

/** Undefined where the text is no script. */
export function parseUsageScript(text: string, unit: UsageUnit): UsageScript | undefined {
  const shared = /^shared\s+/.exec(text.trim())?.[0];
  const shape = parseShape(text.trim().slice(shared?.length ?? 0), unit);
  return shape && { shape, shared: shared !== undefined };
}

/** The amount `ms` after the start. */
export function amountAt(shape: UsageShape, ms: number): number {
  switch (shape.kind) {
    case 'steps': {
      let amount = 0;
      for (const step of shape.steps) if (step.fromMs <= ms) amount = step.amount;
      return amount;
    }
    case 'ramp':
      return Math.round(shape.low + (shape.high - shape.low) * Math.min(1, ms / shape.ms));
    case 'sine': {
      const turn = (ms % shape.ms) / shape.ms;
      return Math.round(shape.low + ((shape.high - shape.low) * (1 - Math.cos(2 * Math.PI * turn))) / 2);
    }
  }
}

/** When the amount first exceeds the limit, counted from the start and not before `fromMs`; undefined: never. */
export function exceedsAt(shape: UsageShape, limit: number, fromMs = 0): number | undefined {
  if (amountAt(shape, fromMs) > limit) return fromMs;
  switch (shape.kind) {
    case 'steps':
      return shape.steps.find((step) => step.fromMs >= fromMs && step.amount > limit)?.fromMs;
    case 'ramp': {
      if (shape.high <= limit || shape.high <= shape.low) return undefined;
      const atMs = ((limit - shape.low) / (shape.high - shape.low)) * shape.ms;
      return atMs < fromMs ? undefined : Math.ceil(atMs) + 1;
    }
    case 'sine': {
      if (Math.max(shape.low, shape.high) <= limit) return undefined;
      // It is below the limit now, so the next crossing is within one turn.
      const share = (limit - shape.low) / (shape.high - shape.low);
      const crossing = (Math.acos(Math.max(-1, Math.min(1, 1 - 2 * share))) / (2 * Math.PI)) * shape.ms;
      const within = shape.high > shape.low ? crossing : shape.ms - crossing;
      const turns = Math.max(0, Math.ceil((fromMs - within) / shape.ms));
      return Math.ceil(within + turns * shape.ms) + 1;
    }
  }
}

function parseShape(text: string, unit: UsageUnit): UsageShape | undefined {
  const between = /^(sine\s+)?([^\s.]+(?:\.\d+[^\s.]*)?)\.\.([^\s/]+)\/(\S+)$/.exec(text);
  if (between !== null) {
    const low = amount(between[2], unit);
    const high = amount(between[3], unit);
    const ms = parseDuration(between[4] ?? '');
    if (low === undefined || high === undefined || ms === undefined || ms <= 0) return undefined;
    return { kind: between[1] === undefined ? 'ramp' : 'sine', low, high, ms };
  }
  const steps: { fromMs: number; amount: number }[] = [];
  for (const part of text.split(',')) {
    const [said, from, ...rest] = part.trim().split('@');
    const fromMs = from === undefined ? 0 : parseDuration(from);
    const value = amount(said, unit);
    const before = steps.at(-1);
    if (rest.length > 0 || value === undefined || fromMs === undefined) return undefined;
    if (before !== undefined && fromMs <= before.fromMs) return undefined;
    steps.push({ fromMs, amount: value });
  }
  return { kind: 'steps', steps };
}

function amount(text: string | undefined, unit: UsageUnit): number | undefined {
  const parsed = parseQuantity(text ?? '');
  if (parsed.kind === 'malformed' || parsed.quantity.nano < 0n) return undefined;
  return unit === 1 ? Math.ceil(Number(parsed.quantity.nano) / 1e9) : Number(parsed.quantity.nano);
}
