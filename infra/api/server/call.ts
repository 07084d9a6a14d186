// One request on its way through the API: what it is about, who asks, and the answer being prepared.

import type { FieldValidation } from '../codec/conform.ts';
import { ApiError, invalid } from '../errors.ts';
import type { ApiRequest, ApiResponse } from '../http/exchange.ts';
import { negotiate, type Offer, offers } from '../http/negotiate.ts';
import type { RequestInfo } from '../http/request-info.ts';
import type { Kind } from '../kinds/kind.ts';
import { fieldManagerComplaint, fieldManagerOf } from '../patch/field-manager.ts';
import type { RequestContext, RequestUser } from '../registry/context.ts';
import type { Form } from '../render/form.ts';

export type Call = {
  readonly request: ApiRequest;
  readonly response: ApiResponse;
  readonly info: RequestInfo;
  readonly user: RequestUser;
  /** Who really asks, where they act as the user. */
  readonly impersonator?: RequestUser;
  readonly warnings: string[];
};

export type NegotiatedForm = { readonly form: Form; readonly contentType: string };

/** The form of the answer; throws 406 where the endpoint has none the client accepts. */
export function formOf({ request }: Call, offer: Offer): NegotiatedForm {
  const { headers, query } = request;
  const outcome = negotiate(
    { accept: headers.accept, pretty: query.get('pretty'), userAgent: headers['user-agent'] },
    offer,
  );
  if (outcome.kind === 'notAcceptable') {
    throw new ApiError({ code: 406, reason: 'NotAcceptable', message: outcome.message });
  }
  const { encoding, shape, pretty, contentType } = outcome;
  const include = query.get('includeObject') ?? 'Metadata';
  const form: Form = {
    encoding,
    as: shape === undefined ? 'object' : shape.kind === 'Table' ? 'table' : 'partial',
    metaVersion: shape?.version === 'v1beta1' ? 'v1beta1' : 'v1',
    pretty,
    includeObject: include === 'None' || include === 'Object' ? include : 'Metadata',
  };
  return { form, contentType };
}

/** What is served of a kind's objects and lists, and of watches of them. */
export function offerOf({ protobuf }: Kind): Offer {
  return protobuf ? offers.builtIn : offers.custom;
}

export function watchOfferOf({ protobuf }: Kind): Offer {
  return protobuf ? offers.builtInWatch : offers.customWatch;
}

/** Who writes, under which manager, and whether for real. */
export function contextOf({ request, info, user, impersonator, warnings }: Call): RequestContext {
  const { query, headers } = request;
  const fieldManager = query.get('fieldManager') ?? '';
  const complaint = fieldManagerComplaint(fieldManager);
  if (complaint !== undefined) {
    const message = `${optionsOf(info).kind}.meta.k8s.io "" is invalid: ${complaint}`;
    throw new ApiError({ code: 422, reason: 'Invalid', message, details: optionsOf(info) });
  }
  const dryRun = query.getAll('dryRun');
  const unknown = dryRun.find((value) => value !== 'All');
  if (unknown !== undefined) {
    throw invalid(optionsOf(info), '', [{ type: 'NotSupported', field: 'dryRun', value: unknown, supported: ['All'] }]);
  }
  return {
    user,
    client: {
      ...(impersonator && { impersonator }),
      userAgent: headers['user-agent'] ?? '',
      address: request.peer.address,
    },
    agent: fieldManagerOf({ fieldManager, userAgent: headers['user-agent'] ?? '' }),
    cause: null,
    dryRun: dryRun.length > 0,
    tracksOwnership: true,
    warn: (text) => {
      if (!warnings.includes(text)) warnings.push(text);
    },
  };
}

/** What to do about fields the server does not know. */
export function fieldValidationOf({ request, info }: Call): FieldValidation {
  const asked = request.query.get('fieldValidation') ?? '';
  if (asked === '' || asked === 'Warn') return 'Warn';
  if (asked === 'Ignore' || asked === 'Strict') return asked;
  const supported = ['Ignore', 'Strict', 'Warn'];
  throw invalid(optionsOf(info), '', [{ type: 'NotSupported', field: 'fieldValidation', value: asked, supported }]);
}

const optionKinds: Readonly<Record<string, string>> = {
  create: 'CreateOptions',
  update: 'UpdateOptions',
  patch: 'PatchOptions',
};

/** The kind the query's options have in refusals. */
function optionsOf({ verb }: RequestInfo): { readonly group: string; readonly kind: string } {
  return { group: 'meta.k8s.io', kind: optionKinds[verb] ?? 'DeleteOptions' };
}
