// Subresources: status, approval, scale, binding, eviction, log, token, finalize.

import { assert } from '../../../streams/base/assert.ts';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import type { StoredObject } from '../../../streams/views/stored-object.ts';
import { badRequest, methodNotAllowed, unknownPath } from '../errors.ts';
import { offers } from '../http/negotiate.ts';
import type { Kind, Subresource, Verb } from '../kinds/kind.ts';
import { kindOf } from '../kinds/kinds.ts';
import { bind } from '../registry/binding.ts';
import { evict } from '../registry/eviction.ts';
import { finalizeNamespace } from '../registry/finalize.ts';
import type { Target } from '../registry/registry.ts';
import { asStored } from '../render/convert.ts';
import { deleteOptions } from '../verbs/delete.ts';
import { patchObject } from '../verbs/patch.ts';
import { sendLogs } from '../verbs/pod-logs.ts';
import { scaleOf, updateScale } from '../verbs/scale.ts';
import { scaleChange } from '../verbs/scale-patch.ts';
import { sendMade, sendStored, sendValue } from './answer.ts';
import { contextOf, formOf } from './call.ts';
import type { ResourceCall, ResourcePorts } from './resource-requests.ts';
import { bodyOf, patchOf, renderingOf } from './write-requests.ts';

export async function subresourceRequest(call: ResourceCall, ports: ResourcePorts): Promise<void> {
  const { kind, stored, info } = call;
  const sub = kind.subresources.find((entry) => entry.name === info.subresource);
  if (sub === undefined) throw unknownPath();
  if (!sub.verbs.includes(info.verb as Verb)) throw methodNotAllowed();
  const target: Target = { kind: stored, namespace: info.namespace, name: info.name };
  switch (sub.name) {
    case 'status':
    case 'approval':
    case 'ephemeralcontainers':
    case 'resize':
      return partRequest(call, ports, { target, subresource: sub.name });
    case 'scale':
      return scaleRequest(call, ports, target);
    case 'binding':
      return bindingRequest(call, ports, { target, sub });
    case 'eviction':
      return evictionRequest(call, ports, { target, sub });
    case 'finalize':
      return finalizeRequest(call, ports, target);
    case 'log': {
      const { object } = ports.registry.get(target);
      const pod = object as unknown as Pod;
      return sendLogs({ pod, request: call.request, response: call.response, nowMs: ports.clock.now() }, ports.logs);
    }
    case 'token':
      return ports.reviews.token(call, {
        target,
        account: ports.registry.get(target).object,
        admit: (object) =>
          ports.registry.admit({ target, subresource: 'token', operation: 'create', object }, contextOf(call)),
      });
    default:
      throw unknownPath();
  }
}

/** A part of the object that is read and written as the whole object; what else is sent along is ignored. */
async function partRequest(
  call: ResourceCall,
  { registry, clock }: ResourcePorts,
  { target, subresource }: { target: Target; subresource: string },
): Promise<void> {
  const rendering = renderingOf(call, clock.now());
  let stored: StoredObject;
  if (call.info.verb === 'get') stored = registry.get(target);
  else if (call.info.verb === 'patch') {
    const patch = await patchOf(call, subresource);
    stored = (await patchObject(registry, { target, patch }, contextOf(call))).stored;
  } else {
    const body = asStored(await bodyOf(call), call.kind);
    stored = await registry.update(target, { change: () => body, subresource }, contextOf(call));
  }
  sendStored(call, { stored, rendering, status: 200 });
}

async function scaleRequest(call: ResourceCall, { registry, clock }: ResourcePorts, target: Target): Promise<void> {
  const { form } = formOf(call, offers.builtIn);
  const rendering = { kind: shownAsScale(target.kind), form, nowMs: clock.now() };
  if (call.info.verb === 'get') {
    return sendMade(call, { object: scaleOf(registry.get(target), target.kind), rendering });
  }
  const change = call.info.verb === 'patch' ? scaleChange(await patchOf(call), registry.now()) : await scaleBody(call);
  const scaled = await updateScale(registry, { target, ...change }, contextOf(call));
  sendMade(call, { object: scaleOf(scaled, target.kind), rendering });
}

const scaleKind = { group: 'autoscaling', version: 'v1', kind: 'Scale' };

/** A Scale is a built-in object with a table of its own, whatever it scales. */
function shownAsScale({ custom: _, ...scaled }: Kind): Kind {
  return { ...scaled, ...scaleKind, resource: 'scales', protobuf: true };
}

async function scaleBody(call: ResourceCall) {
  const body = await bodyOf(call, scaleKind);
  return { change: () => body, repeatable: false };
}

type BindingBody = { readonly target?: { readonly name?: string; readonly kind?: string } };

/** `POST pods/x/binding`. */
async function bindingRequest(
  call: ResourceCall,
  ports: ResourcePorts,
  { target, sub }: { target: Target; sub: Subresource },
): Promise<void> {
  const body = await bodyOf(call, sub);
  if (body.metadata?.name && body.metadata.name !== target.name)
    throw badRequest(`name in URL does not match name in Binding object`);
  return bindPod(call, ports, { target, body });
}

/** `POST bindings`, the old way: the Binding has the pod's name and is no object of its own. */
export async function bindByName(call: ResourceCall, ports: ResourcePorts): Promise<void> {
  const body = await bodyOf(call);
  const kind = kindOf('', 'pods');
  assert(kind !== undefined, 'pods are served');
  const target = { kind, namespace: call.info.namespace, name: body.metadata?.name ?? '' };
  return bindPod(call, ports, { target, body });
}

async function bindPod(
  call: ResourceCall,
  { registry }: ResourcePorts,
  { target, body }: { target: Target; body: AnyObject },
): Promise<void> {
  const { form } = formOf(call, offers.plain);
  const { metadata } = body;
  const node = (body as unknown as BindingBody).target?.name ?? '';
  await bind(registry, { target, uid: metadata?.uid, node, annotations: metadata?.annotations }, contextOf(call));
  sendValue(call, { value: success(201), form, status: 201 });
}

/** Evicting deletes the pod where its disruption budget allows. */
async function evictionRequest(
  call: ResourceCall,
  { registry, deleter }: ResourcePorts,
  { target, sub }: { target: Target; sub: Subresource },
): Promise<void> {
  const { form } = formOf(call, offers.plain);
  const body = await bodyOf(call, sub);
  const name = body.metadata?.name;
  if (name !== undefined && name !== '' && name !== target.name)
    throw badRequest(`name in URL does not match name in Eviction object: ${target.name} != ${name}`);
  const { dryRun, ...options } = deleteOptions(call.request.query, (body.deleteOptions ?? undefined) as AnyObject);
  const context = contextOf(call);
  await registry.admit({ target, subresource: 'eviction', operation: 'create', object: body }, context);
  const budgets = kindOf('policy', 'poddisruptionbudgets');
  assert(budgets !== undefined, 'disruption budgets are served');
  const ports = { registry, deleter, budgets };
  await evict(ports, { target, options }, { ...context, dryRun: dryRun || context.dryRun });
  sendValue(call, { value: success(201), form, status: 201 });
}

async function finalizeRequest(call: ResourceCall, { registry, clock }: ResourcePorts, target: Target): Promise<void> {
  const rendering = renderingOf(call, clock.now());
  const next = await bodyOf(call);
  const stored = await finalizeNamespace(registry, { target, next }, contextOf(call));
  sendStored(call, { stored, rendering, status: 200 });
}

function success(code: number): object {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code };
}
