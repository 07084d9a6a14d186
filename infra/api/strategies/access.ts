// Roles and their bindings, priority and runtime classes, requests for certificates.

import { type AnyObject, timestamp } from '../../../streams/resources/meta.ts';
import type { Writing } from '../registry/strategy.ts';
import { clusterRole, clusterRoleBinding, role, roleBinding } from '../validation/access.ts';
import { conditionsOf, type SigningRequest, signingRequestProblems } from '../validation/certificates.ts';
import { priorityClass, runtimeClass } from '../validation/classes.ts';
import { at, checked, filled, inTurn, type Particulars } from './checked.ts';
import { fill } from './fill.ts';
import { deprecatedNodeLabel } from './node-label-warnings.ts';

const rbacGroup = 'rbac.authorization.k8s.io';

/** Roles are called what their authors like: `system:node`. */
const rbac: Particulars = { names: 'path-segment', createOnUpdate: true };

const bindingDefaults = inTurn(
  filled('roleRef', { apiGroup: rbacGroup }),
  at('subjects.*', (subject) =>
    subject.kind === 'User' || subject.kind === 'Group' ? fill(subject, { apiGroup: rbacGroup }) : subject,
  ),
);

type Scheduling = { readonly nodeSelector?: Readonly<Record<string, string>> };

function selectorWarnings({ scheduling }: AnyObject): readonly string[] {
  const labels = Object.keys((scheduling as Scheduling | undefined)?.nodeSelector ?? {});
  return labels.flatMap((label) => {
    const text = deprecatedNodeLabel(label);
    return text === undefined ? [] : [`scheduling.nodeSelector: ${text}`];
  });
}

type Condition = {
  readonly type?: string;
  readonly status?: string;
  readonly lastUpdateTime?: string;
  readonly lastTransitionTime?: string;
};
type Status = { readonly conditions?: readonly Condition[]; readonly certificate?: string };

function statusOf(object: AnyObject): Status {
  return (object.status ?? {}) as Status;
}

/** The writer is the requester, whatever the request says. */
function requestedBy(object: AnyObject, { user }: Writing): AnyObject {
  const { username: _u, uid: _i, groups: _g, extra: _e, ...spec } = (object.spec ?? {}) as Record<string, unknown>;
  const { username, uid, groups } = user;
  const extra = (user as { readonly extra?: Readonly<Record<string, readonly string[]>> }).extra;
  const requester = {
    username,
    ...(uid ? { uid } : undefined),
    ...(groups.length > 0 ? { groups } : undefined),
    ...(extra !== undefined && Object.keys(extra).length > 0 ? { extra } : undefined),
  };
  return { ...object, spec: { ...spec, ...requester }, status: {} } as AnyObject;
}

/** A condition is dated by the server where its author did not; one that was there keeps when it came. */
function dated(next: AnyObject, before: AnyObject, nowMs: number): Status {
  const status = statusOf(next);
  if (status.conditions === undefined) return status;
  const now = timestamp(nowMs);
  const old = statusOf(before).conditions ?? [];
  const conditions = status.conditions.map((condition) => {
    const same = old.find(({ type, status: value }) => type === condition.type && value === condition.status);
    return {
      ...condition,
      lastUpdateTime: condition.lastUpdateTime ?? now,
      lastTransitionTime: condition.lastTransitionTime ?? same?.lastTransitionTime ?? now,
    };
  });
  return { ...status, conditions };
}

/** /status leaves the verdicts as they are; adding or taking one away is refused later. */
function keepVerdicts(next: AnyObject, before: AnyObject): AnyObject {
  const status = statusOf(next);
  const conditions = [...(status.conditions ?? [])];
  for (const type of ['Approved', 'Denied']) {
    const was = conditionsOf(before as SigningRequest, type);
    const places = conditions.flatMap((condition, index) => (condition.type === type ? [index] : []));
    if (places.length !== was.length) continue;
    for (const [index, place] of places.entries()) conditions[place] = was[index] as Condition;
  }
  return conditions.length === 0 ? next : ({ ...next, status: { ...status, conditions } } as AnyObject);
}

const certificateSigningRequests: Particulars = {
  names: 'path-segment',
  status: true,
  prepareCreate: requestedBy,
  prepareUpdate: (next, before) => ({ ...next, spec: before.spec }) as AnyObject,
  validate: (next, before) =>
    signingRequestProblems(next as SigningRequest, before as SigningRequest | undefined, 'main'),
  subresources: {
    status: {
      prepareUpdate(next, before, { nowMs }) {
        const kept = keepVerdicts(next, before);
        return { ...kept, status: dated(kept, before, nowMs) } as AnyObject;
      },
      validate: (next, before) => signingRequestProblems(next as SigningRequest, before as SigningRequest, 'status'),
    },
    approval: {
      prepareUpdate(next, before, { nowMs }) {
        const { conditions } = dated(next, before, nowMs);
        const { conditions: _, ...rest } = statusOf(before);
        const status = { ...rest, ...(conditions && { conditions }) };
        return { ...next, spec: before.spec, status } as AnyObject;
      },
      validate: (next, before) => signingRequestProblems(next as SigningRequest, before as SigningRequest, 'approval'),
    },
  },
};

export const accessStrategies: Readonly<Record<string, Particulars>> = {
  [`roles.${rbacGroup}`]: { ...rbac, ...checked(role) },
  [`clusterroles.${rbacGroup}`]: { ...rbac, ...checked(clusterRole) },
  [`rolebindings.${rbacGroup}`]: { ...rbac, defaults: bindingDefaults, ...checked(roleBinding) },
  [`clusterrolebindings.${rbacGroup}`]: { ...rbac, defaults: bindingDefaults, ...checked(clusterRoleBinding) },
  'priorityclasses.scheduling.k8s.io': {
    generation: true,
    defaults: (object) => fill(object, { preemptionPolicy: 'PreemptLowerPriority' }),
    ...checked(priorityClass),
  },
  'runtimeclasses.node.k8s.io': {
    unconditionalUpdate: false,
    createOnUpdate: true,
    warnings: selectorWarnings,
    ...checked(runtimeClass),
  },
  'certificatesigningrequests.certificates.k8s.io': certificateSigningRequests,
};
