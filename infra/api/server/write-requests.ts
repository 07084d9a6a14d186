// POST, PUT, PATCH and DELETE on a resource's main endpoint: body in, registry, answer out.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { StoredObject } from '../../../streams/views/stored-object.ts';
import { awaitedAccount } from '../admission/awaited-account.ts';
import { forbiddenStatus } from '../auth/authorize.ts';
import type { UserInfo } from '../auth/user.ts';
import { ApiError, badRequest, invalid, notFound } from '../errors.ts';
import { patchTypes } from '../patch/apply-patch.ts';
import type { DeleteOptions, RequestContext } from '../registry/context.ts';
import { checkIdentity } from '../registry/metadata.ts';
import { asStored } from '../render/convert.ts';
import type { Rendering } from '../render/render.ts';
import { strategyOf } from '../strategies/strategies.ts';
import { conformed, type Expected, readObject, readPatch } from '../verbs/body.ts';
import { deleteCollection, deleteOptions, deletionAnswer } from '../verbs/delete.ts';
import { list } from '../verbs/list.ts';
import { parseListOptions, truthy } from '../verbs/list-options.ts';
import { patchObject, patchTypesOf } from '../verbs/patch.ts';
import { parseSelection } from '../verbs/selection.ts';
import { sendList, sendStored, sendValue } from './answer.ts';
import { contextOf, fieldValidationOf, formOf, offerOf } from './call.ts';
import { namespaceOf, type ResourceCall, type ResourcePorts } from './resource-requests.ts';

export async function createRequest(call: ResourceCall, ports: ResourcePorts): Promise<void> {
  const { kind, stored, info } = call;
  const rendering = renderingOf(call, ports.clock.now());
  const context = contextOf(call);
  const body = asStored(await bodyOf(call, kind, context), kind);
  const creation = { kind: stored, namespace: info.namespace, body };
  const awaited = awaitedAccount(creation, ports);
  if (awaited !== undefined) await awaited;
  const created = await ports.registry.create(creation, context);
  sendStored(call, { stored: created, rendering, status: 201 });
}

export async function updateRequest(call: ResourceCall, ports: ResourcePorts): Promise<void> {
  const { registry, clock } = ports;
  const { kind, stored, info } = call;
  const rendering = renderingOf(call, clock.now());
  const context = contextOf(call);
  const given = await bodyOf(call, kind, context);
  const target = { kind: stored, namespace: info.namespace, name: info.name };
  if (registry.find(target) === undefined) {
    if (strategyOf(stored).createOnUpdate !== true) throw notFound(stored, info.name);
    const body = asStored(given, kind);
    checkIdentity(body, target);
    checkCreation(call, ports);
    const created = await registry.create({ kind: stored, namespace: info.namespace, body }, context);
    return sendStored(call, { stored: created, rendering, status: 201 });
  }
  const updated = await registry.update(target, { change: ({ object }) => asStored(given, kind, object) }, context);
  sendStored(call, { stored: updated, rendering, status: 200 });
}

export async function patchRequest(call: ResourceCall, ports: ResourcePorts): Promise<void> {
  const { registry, clock } = ports;
  const { stored, info } = call;
  const rendering = renderingOf(call, clock.now());
  const target = { kind: stored, namespace: info.namespace, name: info.name };
  const patch = { ...(await patchOf(call)), beforeCreation: () => checkCreation(call, ports) };
  const patched = await patchObject(registry, { target, patch }, contextOf(call));
  sendStored(call, { stored: patched.stored, rendering, status: patched.created ? 201 : 200 });
}

/** Whoever makes an object by updating or applying it needs the right to create it as well. */
function checkCreation({ user, info }: ResourceCall, { authorizer }: ResourcePorts): void {
  const request = { ...info, verb: 'create' };
  const asking: UserInfo = { extra: {}, ...user };
  const decision = authorizer.authorize({ user: asking, request });
  if (decision.kind === 'allowed') return;
  const { code, reason, message, details } = forbiddenStatus(asking, request, decision.reason);
  throw new ApiError({ code, reason, message, ...(details && { details }) });
}

/** The patch in the body; `subresource` is the one it changes, if any. */
export async function patchOf(call: ResourceCall, subresource?: string) {
  const { request, stored, kind } = call;
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const supported = patchTypesOf(stored);
  if (!supported.includes(type)) {
    const message = `the body of the request was in an unknown format - accepted media types include: ${supported.join(', ')}`;
    throw new ApiError({ code: 415, reason: 'UnsupportedMediaType', message });
  }
  const { query } = request;
  const fieldValidation = fieldValidationOf(call);
  const { warn } = contextOf(call);
  const applies = type === patchTypes.apply;
  if (!applies && query.get('force') !== null) {
    throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
      { type: 'Forbidden', field: 'force', detail: 'may not be specified for non-apply patch' },
    ]);
  }
  return {
    type,
    body: await readPatch(request, { applies, fieldValidation, warn }),
    subresource,
    force: truthy(query.get('force')),
    fieldManager: query.get('fieldManager') ?? '',
    ...(kind !== stored && { face: kind }),
    conform: (object: AnyObject) => conformed(object, kind, { fieldValidation, warn }),
  };
}

export async function deleteRequest(call: ResourceCall, { deleter, clock }: ResourcePorts): Promise<void> {
  const { stored, info } = call;
  const rendering = renderingOf(call, clock.now());
  const { options, context } = await deletionOf(call);
  const target = { kind: stored, namespace: info.namespace, name: info.name };
  const deleted = await deleter.delete(target, options, context);
  const answer = deletionAnswer(stored, strategyOf(stored), deleted);
  if (answer instanceof StoredObject) sendStored(call, { stored: answer, rendering, status: 200 });
  else sendValue(call, { value: answer, form: rendering.form, status: 200 });
}

export async function deleteCollectionRequest(call: ResourceCall, ports: ResourcePorts): Promise<void> {
  const { kind, stored, request, info } = call;
  const rendering = renderingOf(call, ports.clock.now());
  const selection = parseSelection({ kind: stored, namespace: namespaceOf(kind, info.namespace) }, request.query);
  const { options, context } = await deletionOf(call);
  const listed = await list({ kind: stored, selection, options: parseListOptions(request.query) }, ports);
  await deleteCollection({ kind: stored, selection, options }, ports.deleter, { items: listed.items, context });
  await sendList(call, { listed, rendering }, ports);
}

async function deletionOf(call: ResourceCall): Promise<{ options: DeleteOptions; context: RequestContext }> {
  const { request } = call;
  const context = contextOf(call);
  const expected = { group: 'meta.k8s.io', version: 'v1', kind: 'DeleteOptions' };
  const body = await readObject(expected, { request, fieldValidation: 'Ignore', warn: context.warn });
  const { dryRun, ...options } = deleteOptions(request.query, body);
  return { options, context: { ...context, dryRun: dryRun || context.dryRun } };
}

/** The object in the body, which must not be empty. */
export async function bodyOf(
  call: ResourceCall,
  expected: Expected = call.kind,
  { warn }: Pick<RequestContext, 'warn'> = contextOf(call),
): Promise<AnyObject> {
  const { request } = call;
  const body = await readObject(expected, {
    request,
    fieldValidation: fieldValidationOf(call),
    warn,
  });
  if (body === undefined)
    throw badRequest(
      `the object provided is unrecognized (must be of type ${expected.kind}): couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)`,
    );
  return body;
}

export function renderingOf(call: ResourceCall, nowMs: number): Rendering {
  return { kind: call.kind, form: formOf(call, offerOf(call.kind)).form, nowMs };
}
