// A pod may come right behind its namespace, before the service account `default` it runs as has been made there. It
// waits a moment for the account, as upstream does, instead of being refused for having been fast.

import type { Clock } from '../../../streams/base/clock.ts';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import type { ObjectView } from '../../../streams/views/object-view.ts';
import type { Kind } from '../kinds/kind.ts';

const account = 'default';
const waitMsMax = 1_000;
/** A namespace that is older has lost its account, and nothing is on its way. */
const youngMs = 10_000;

/** Undefined where nothing has to be waited for, which is nearly always. */
export function awaitedAccount(
  { kind, namespace, body }: { readonly kind: Kind; readonly namespace: string; readonly body: AnyObject },
  { view, clock }: { readonly view: ObjectView; readonly clock: Clock },
): Promise<void> | undefined {
  if (kind.resource !== 'pods' || kind.group !== '') return undefined;
  const named = (body.spec as Partial<Pod['spec']> | undefined)?.serviceAccountName ?? '';
  if ((named !== '' && named !== account) || exists(view, namespace)) return undefined;
  const home = view.get(resources.namespaces, { name: namespace })?.metadata;
  if (home === undefined || home.deletionTimestamp !== undefined) return undefined;
  if (clock.now() - Date.parse(home.creationTimestamp ?? '') > youngMs) return undefined;
  return new Promise((resolve) => {
    const done = () => {
      timer.cancel();
      stop();
      resolve();
    };
    const timer = clock.after(waitMsMax, done);
    const stop = view.resource(resources.serviceAccounts).listen(() => {
      if (exists(view, namespace)) done();
    });
  });
}

function exists(view: ObjectView, namespace: string): boolean {
  return view.stored(resources.serviceAccounts, { namespace, name: account }) !== undefined;
}
