// The three controllers of certificate requests: kubelets' own requests are approved where their askers may have them,
// approved requests to Kubernetes' own signers are signed, and what is over is cleaned away.

import { timestamp } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import { type Controller, nothingToDo, type Plan, type ReconcileInput } from '../../kit/controller.ts';
import { isKubeletClient, signerProblem } from './signer-rules.ts';
import {
  type Asker,
  type CertificatePorts,
  type CertificateSigningRequest,
  isApproved,
  isDecided,
  signers,
} from './signing-request.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** kube-controller-manager's --cluster-signing-duration. */
const longestMs = 365 * 24 * hourMs;
const shortestMs = 10 * minuteMs;
const backdateMs = 5 * minuteMs;
/** Certificates that last less than this are not given the backdated minutes on top. */
const shortMs = 8 * hourMs;
const decidedMs = hourMs;
const pendingMs = 24 * hourMs;

export function certificateControllers(ports: CertificatePorts): readonly Controller[] {
  const make = (name: string, reconcile: (request: CertificateSigningRequest, nowMs: number) => Plan): Controller => ({
    name,
    user: 'system:serviceaccount:kube-system:certificate-controller',
    workers: 5,
    watches: [{ resource: resources.certificateSigningRequests, keys: ({ ref }) => [ref.name] }],
    reconcile: ({ world, key, nowMs }: ReconcileInput) => {
      const request = world.get<CertificateSigningRequest>(resources.certificateSigningRequests, { name: key });
      return request === undefined ? nothingToDo : reconcile(request, nowMs);
    },
  });
  return [
    make('certificatesigningrequest-signing-controller', (request, nowMs) => sign(request, nowMs, ports)),
    make('certificatesigningrequest-approving-controller', (request) => approve(request, ports)),
    make('certificatesigningrequest-cleaner-controller', (request, nowMs) => clean(request, nowMs, ports)),
  ];
}

/** Who may ask for a kubelet's certificate is granted as a subresource (sarapprove.go). */
const approvals = [
  {
    subresource: 'selfnodeclient',
    own: true,
    message: 'Auto approving self kubelet client certificate after SubjectAccessReview.',
  },
  {
    subresource: 'nodeclient',
    own: false,
    message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
  },
];

function approve(request: CertificateSigningRequest, { read, mayCreate }: CertificatePorts): Plan {
  const { spec, status } = request;
  if (status?.certificate !== undefined || isDecided(request) || spec.signerName !== signers.kubeletClient) {
    return nothingToDo;
  }
  const names = read(spec.request);
  if (names === undefined || !isKubeletClient(names, spec.usages ?? [])) return nothingToDo;
  const asker: Asker = {
    username: spec.username ?? '',
    uid: spec.uid,
    groups: spec.groups ?? [],
    extra: spec.extra ?? {},
  };
  const granted = approvals.find(
    ({ own, subresource }) => (!own || asker.username === names.commonName) && mayCreate(asker, subresource),
  );
  if (granted === undefined) return nothingToDo;
  const condition = { type: 'Approved', status: 'True', reason: 'AutoApproved', message: granted.message } as const;
  const conditions = [...(status?.conditions ?? []), condition];
  return write({ ...request, status: { ...status, conditions } }, 'approval');
}

function sign(request: CertificateSigningRequest, nowMs: number, { read, sign }: CertificatePorts): Plan {
  const { spec, status } = request;
  const failed = status?.conditions?.some(({ type }) => type === 'Failed') === true;
  if (status?.certificate !== undefined || failed || !isApproved(request)) return nothingToDo;
  const names = read(spec.request);
  if (names === undefined) return nothingToDo;
  const usages = spec.usages ?? [];
  const verdict = signerProblem(spec.signerName, names, usages);
  if (verdict.kind === 'foreign') return nothingToDo;
  if (verdict.kind === 'refuses') {
    const condition = {
      type: 'Failed',
      status: 'True',
      reason: 'SignerValidationFailure',
      message: verdict.message,
      lastUpdateTime: timestamp(nowMs),
    } as const;
    const conditions = [...(status?.conditions ?? []), condition];
    return write({ ...request, status: { ...status, conditions } }, 'status');
  }
  const lastsMs = Math.max(shortestMs, Math.min((spec.expirationSeconds ?? longestMs / 1000) * 1000, longestMs));
  const notBeforeMs = nowMs - backdateMs;
  const notAfterMs = (lastsMs < shortMs ? notBeforeMs : nowMs) + lastsMs;
  const certificate = sign(spec.request, { usages, notBeforeMs, notAfterMs });
  return write({ ...request, status: { ...status, certificate } }, 'status');
}

function clean(request: CertificateSigningRequest, nowMs: number, { endOf }: CertificatePorts): Plan {
  const dueMs = Math.min(...ends(request, endOf));
  if (dueMs > nowMs) return { writes: [], againAfterMs: Math.min(dueMs - nowMs, hourMs) };
  const { name, uid } = request.metadata;
  return {
    writes: [{ kind: 'delete', resource: resources.certificateSigningRequests, namespace: '', name, uid }],
  };
}

/** The moments from which on the request is of no use any more. */
function* ends({ metadata, status }: CertificateSigningRequest, endOf: CertificatePorts['endOf']): Iterable<number> {
  const { conditions = [], certificate } = status ?? {};
  const createdMs = Date.parse(metadata.creationTimestamp ?? '');
  if (conditions.length === 0) yield createdMs + pendingMs;
  for (const { type, lastUpdateTime } of conditions) {
    const decided = type === 'Denied' || type === 'Failed' || (type === 'Approved' && certificate !== undefined);
    if (decided) yield (Date.parse(lastUpdateTime ?? '') || createdMs) + decidedMs;
  }
  const endMs = certificate === undefined ? undefined : endOf(certificate);
  if (endMs !== undefined) yield endMs;
  yield Number.POSITIVE_INFINITY;
}

function write(object: CertificateSigningRequest, subresource: 'status' | 'approval'): Plan {
  return { writes: [{ kind: 'update', resource: resources.certificateSigningRequests, subresource, object }] };
}
