// Options of `shiplog up` that set how controllers work. They have the names kube-controller-manager gives them, so that
// whoever knows those need not learn others.

import { type Command, InvalidArgumentError, Option } from 'commander';
import type { AutoscalerOptions } from '../../actors/controllers/hpa/horizontal.ts';
import { type NodeLifecycleOptions, nodeLifecycleDefaults } from '../../actors/controllers/node-lifecycle.ts';
import { parseDuration } from '../../actors/kit/go-duration.ts';

/** How controllers work, where it is not as in Kubernetes. */
export type ControllerSettings = {
  readonly autoscaler: Partial<AutoscalerOptions>;
  readonly nodeLifecycle: Partial<NodeLifecycleOptions>;
};

type Times = Readonly<Partial<Record<string, number>>>;

/** Flag and what it is, with Kubernetes' own value. */
const flags = {
  'horizontal-pod-autoscaler-sync-period': 'how often autoscalers look (15s)',
  'horizontal-pod-autoscaler-downscale-stabilization': 'how long a recommendation holds back fewer replicas (5m)',
  'horizontal-pod-autoscaler-cpu-initialization-period': 'how long a pod that is not ready does not count (5m)',
  'horizontal-pod-autoscaler-initial-readiness-delay': 'how long a pod may take to be ready for the first time (30s)',
  'node-monitor-grace-period': 'how long a node may be silent before it is Unknown (50s); leases are renewed every 10s',
  'node-startup-grace-period': 'the same for a node that has not spoken yet (60s)',
  'node-monitor-period': 'how often a node in trouble is looked at (5s)',
} as const;
type Flag = keyof typeof flags;

export function addControllerOptions(command: Command): void {
  for (const [flag, what] of Object.entries(flags)) {
    command.addOption(new Option(`--${flag} <time>`, what).argParser(duration).hideHelp());
  }
}

export function controllerSettings(command: Command): ControllerSettings {
  const times = new Map(command.options.map((option) => [option.long, command.getOptionValue(option.attributeName())]));
  const ms = (flag: Flag) => times.get(`--${flag}`) as number | undefined;
  const monitorMs = ms('node-monitor-grace-period');
  const startupMs = ms('node-startup-grace-period');
  const graced = monitorMs !== undefined || startupMs !== undefined;
  return {
    autoscaler: given({
      syncPeriodMs: ms('horizontal-pod-autoscaler-sync-period'),
      downscaleStabilizationMs: ms('horizontal-pod-autoscaler-downscale-stabilization'),
      cpuInitializationPeriodMs: ms('horizontal-pod-autoscaler-cpu-initialization-period'),
      initialReadinessDelayMs: ms('horizontal-pod-autoscaler-initial-readiness-delay'),
    }),
    nodeLifecycle: {
      ...given({ monitorPeriodMs: ms('node-monitor-period') }),
      ...(graced && { grace: { ...nodeLifecycleDefaults.grace, ...given({ monitorMs, startupMs }) } }),
    },
  };
}

/** Without what was not said. */
function given(times: Times): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(times).flatMap(([name, ms]) => (ms === undefined ? [] : [[name, ms]])));
}

function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('It must be a time such as 500ms, 15s or 5m.');
  return ms;
}
