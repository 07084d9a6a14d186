// Nothing is created in a namespace that is absent or going away, and the cluster's own namespaces cannot be deleted.

import type { Namespace } from '../../../streams/resources/config.ts';
import { resources } from '../../../streams/resources/names.ts';
import { forbidden, notFound } from '../errors.ts';
import type { AdmissionPlugin } from './admission.ts';

const immortal = new Set(['default', 'kube-system', 'kube-public']);
const namespaces = { group: '', resource: 'namespaces', kind: 'Namespace' };

export const namespaceLifecycle: AdmissionPlugin = {
  name: 'NamespaceLifecycle',
  admit({ operation, kind, namespace, name, object, world }) {
    const isNamespace = kind.group === '' && kind.resource === 'namespaces';
    if (operation === 'delete' && isNamespace && immortal.has(name)) {
      throw forbidden(kind, name, 'this namespace may not be deleted');
    }
    if (operation !== 'create' || !kind.namespaced || namespace === '') return object;
    const found = world.get<Namespace>(resources.namespaces, { name: namespace });
    if (found === undefined) throw notFound(namespaces, namespace);
    if (found.metadata.deletionTimestamp !== undefined) {
      const text = `unable to create new content in namespace ${namespace} because it is being terminated`;
      throw forbidden(kind, name, text, [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ]);
    }
    return object;
  },
};
