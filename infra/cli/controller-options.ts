// Options of `shiplog up` that set how controllers work. They have the names kube-controller-manager gives them, so that
// whoever knows those need not learn others.

import { type Command, InvalidArgumentError, Option } from 'commander';
import type { AutoscalerOptions } from '../../actors/controllers/hpa/horizontal.ts';
import { parseDuration } from '../../actors/kit/go-duration.ts';

const prefix = 'horizontal-pod-autoscaler';

/** Flag behind the prefix → the option it sets, and what it is. */
const durations: readonly (readonly [flag: string, option: keyof AutoscalerOptions, what: string])[] = [
  ['sync-period', 'syncPeriodMs', 'how often autoscalers look (15s)'],
  ['downscale-stabilization', 'downscaleStabilizationMs', 'how long a recommendation holds back fewer replicas (5m)'],
  ['cpu-initialization-period', 'cpuInitializationPeriodMs', 'how long a pod that is not ready does not count (5m)'],
  [
    'initial-readiness-delay',
    'initialReadinessDelayMs',
    'how long a pod may take to be ready for the first time (30s)',
  ],
];

export function addControllerOptions(command: Command): void {
  for (const [flag, , what] of durations) {
    command.addOption(new Option(`--${prefix}-${flag} <time>`, what).argParser(duration).hideHelp());
  }
}

/** What the options say of autoscalers. */
export function autoscalerOptions(command: Command): Partial<AutoscalerOptions> {
  const options = new Map(
    command.options.map((option) => [option.long, command.getOptionValue(option.attributeName())]),
  );
  const given = durations.map(([flag, option]) => [option, options.get(`--${prefix}-${flag}`)] as const);
  return Object.fromEntries(given.filter(([, ms]) => ms !== undefined));
}

function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('It must be a time such as 500ms, 15s or 5m.');
  return ms;
}
