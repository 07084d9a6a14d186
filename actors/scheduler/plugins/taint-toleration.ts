// Keeps pods off nodes whose taints they do not tolerate, and prefers nodes with fewer taints that merely discourage.

import { type FilterPlugin, normalizeByMax, type Rejection, type ScorePlugin } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodShape } from '../pod-shape.ts';
import { tolerates } from '../tolerations.ts';

const rejection: Rejection = {
  plugin: 'TaintToleration',
  reasons: ['node(s) had untolerated taint(s)'],
  resolvable: false,
};

export const taintTolerationFilter: FilterPlugin = {
  name: rejection.plugin,
  scope: 'node',
  preFilter(shape) {
    return { kind: 'filter', filter: (node) => (repelled(node, shape) ? rejection : undefined) };
  },
  wakesOn(event, shape) {
    if (event.kind !== 'nodeAdded' && !(event.kind === 'nodeChanged' && event.aspects.taints)) return false;
    return !repelled(event.node, shape);
  },
};

export const taintTolerationScore: ScorePlugin = {
  name: rejection.plugin,
  scope: 'node',
  preScore({ spec }) {
    const tolerations = (spec.tolerations ?? []).filter(
      ({ effect = '' }) => effect === '' || effect === 'PreferNoSchedule',
    );
    return ({ discouragingTaints }) => {
      let untolerated = 0;
      for (const taint of discouragingTaints) if (!tolerates(tolerations, taint)) untolerated++;
      return untolerated;
    };
  },
  normalizeScore: (scores) => normalizeByMax(scores, { reverse: true }),
};

function repelled({ repellingTaints }: NodeInfo, { spec }: PodShape): boolean {
  for (const taint of repellingTaints) if (!tolerates(spec.tolerations ?? [], taint)) return true;
  return false;
}
