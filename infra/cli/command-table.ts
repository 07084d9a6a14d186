// Every command of `shiplog`, with what its line in the help says. Loading this file loads none of them.

import type { CommandSpec } from './command.ts';

export const commands: readonly CommandSpec[] = [
  {
    name: 'up',
    summary: 'start a cluster in the foreground',
    example: 'shiplog up --port 0 --nodes 5',
    load: () => import('./commands/up.ts'),
  },
  {
    name: 'events',
    summary: 'print what happened: time, revision, object, transition, author',
    example: 'shiplog events --follow --since 10m --for deployment/web',
    load: () => import('./commands/events.ts'),
  },
  {
    name: 'replay',
    summary: 'rebuild the state from the log alone, as of any instant, and verify it',
    example: 'shiplog replay --to 10m',
    load: () => import('./commands/replay.ts'),
  },
  {
    name: 'controllers',
    summary: 'list the controllers, watch them, switch them off and on',
    example: 'shiplog controllers off cronjob-controller',
    load: () => import('./commands/controllers.ts'),
  },
  {
    name: 'nodes',
    summary: 'list the simulated nodes, add and remove them, make trouble',
    example: 'shiplog nodes add 1000 --profile spot.yaml',
    load: () => import('./commands/nodes.ts'),
  },
  {
    name: 'why-here',
    summary: 'why a pod is on its node: which nodes were looked at, and what each plugin scored',
    example: 'shiplog why-here pod/web-7957885594-fdf4z',
    load: () => import('./commands/why-here.ts'),
  },
  {
    name: 'why-pending',
    summary: 'why a pod waits: what each node lacks, and when it is tried again',
    example: 'shiplog why-pending pod/web-7957885594-fdf4z -n shop',
    load: () => import('./commands/why-pending.ts'),
  },
];
