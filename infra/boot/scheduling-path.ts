// `GET /shiplog/v1/scheduling/namespaces/{ns}/pods/{name}`: where a pod is and why, or why it waits. Who asks needs this
// path (a non-resource URL) and may see only pods they may get: of others that had to make room, not even their names.

import type { Explanation } from '../../actors/scheduler/explanation.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { ObjectView } from '../../streams/views/object-view.ts';
import { type Attributes, type Authorizer, forbiddenStatus } from '../api/auth/authorize.ts';
import type { UserInfo } from '../api/auth/user.ts';
import { ApiError, methodNotAllowed, notFound, unknownPath } from '../api/errors.ts';
import { sendJson } from '../api/http/status.ts';
import type { OwnPath } from '../api/server/own-paths.ts';
import type { RunningScheduler } from '../host/scheduler-host.ts';

type Told = NonNullable<Explanation['decision']>;
type Preemption = NonNullable<Told['preemption']>;

export type SchedulingAnswer = Omit<Explanation, 'decision'> & {
  readonly decision?: Omit<Told, 'preemption'> & {
    /** `others`: how many victims there are beside those, which whoever asks may not get. */
    readonly preemption?: Preemption & { readonly others: number };
  };
  readonly phase: string;
  readonly schedulerName: string;
  readonly priority: number;
};

type Ports = {
  /** Undefined while another process runs it. */
  scheduler(): Pick<RunningScheduler, 'explain'> | undefined;
  leader(): string;
  readonly view: ObjectView;
  readonly authorizer: Authorizer;
};

export function schedulingPath({ scheduler, leader, view, authorizer }: Ports): OwnPath {
  return ({ request, response, user }, rest) => {
    const [namespaces, namespace = '', pods, name = '', ...more] = rest;
    if (namespaces !== 'namespaces' || pods !== 'pods' || name === '' || more.length > 0) throw unknownPath();
    if (request.method !== 'GET') throw methodNotAllowed();
    const asking: UserInfo = { extra: {}, ...user };
    const refusal = refusalOf(authorizer, { asking, namespace, name });
    if (refusal !== undefined) throw refusal;
    const pod = view.get<Pod>(resources.pods, { namespace, name });
    if (pod === undefined) throw notFound({ ...resources.pods, kind: 'Pod' }, name);
    const running = scheduler();
    if (running === undefined) throw elsewhere(leader());
    const { uid } = pod.metadata;
    const { decision, ...explanation } = running.explain({ namespace, name, uid });
    const maySee = (victim: Name) => refusalOf(authorizer, { asking, ...victim }) === undefined;
    const answer: SchedulingAnswer = {
      ...explanation,
      ...(decision && { decision: discreet(decision, maySee) }),
      phase: pod.status?.phase ?? 'Pending',
      schedulerName: pod.spec.schedulerName ?? 'default-scheduler',
      priority: pod.spec.priority ?? 0,
    };
    sendJson(response, 200, answer);
  };
}

type Name = { readonly namespace: string; readonly name: string };

/** The decision as somebody may know it who sees only these pods. */
function discreet(
  { preemption, ...decision }: Told,
  maySee: (pod: Name) => boolean,
): NonNullable<SchedulingAnswer['decision']> {
  if (preemption === undefined) return decision;
  const victims = preemption.victims.filter((victim) => {
    const [namespace = '', name = ''] = victim.split('/');
    return maySee({ namespace, name });
  });
  const others = preemption.victims.length - victims.length;
  return { ...decision, preemption: { ...preemption, victims, others } };
}

/** Undefined where whoever asks may get the pod. */
function refusalOf(
  authorizer: Authorizer,
  { asking, namespace, name }: Name & { readonly asking: UserInfo },
): ApiError | undefined {
  const request: Attributes = {
    isResourceRequest: true,
    path: `/api/v1/namespaces/${namespace}/pods/${name}`,
    verb: 'get',
    group: '',
    resource: 'pods',
    subresource: '',
    namespace,
    name,
    fieldSelector: '',
    labelSelector: '',
  };
  const decision = authorizer.authorize({ user: asking, request });
  if (decision.kind === 'allowed') return undefined;
  const { code, reason, message, details } = forbiddenStatus(asking, request, decision.reason);
  return new ApiError({ code, reason, message, ...(details && { details }) });
}

function elsewhere(leader: string): ApiError {
  const message =
    leader === ''
      ? 'nobody runs the scheduler at this moment'
      : `the scheduler runs in ${leader}, and only there its decisions are known`;
  return new ApiError({ code: 503, reason: 'ServiceUnavailable', message });
}
