// events.k8s.io/v1 Events are core/v1 Events by other names.

import type { AnyObject } from '../../../streams/resources/meta.ts';

/** core field → events.k8s.io field; the rest have the same name in both. */
const renamed: Readonly<Record<string, string>> = {
  involvedObject: 'regarding',
  message: 'note',
  source: 'deprecatedSource',
  firstTimestamp: 'deprecatedFirstTimestamp',
  lastTimestamp: 'deprecatedLastTimestamp',
  count: 'deprecatedCount',
  reportingComponent: 'reportingController',
};

const restored = Object.fromEntries(Object.entries(renamed).map(([core, events]) => [events, core]));

export function toEventsGroup(object: AnyObject): AnyObject {
  return rename(object, renamed, 'events.k8s.io/v1');
}

export function fromEventsGroup(object: AnyObject): AnyObject {
  return rename(object, restored, 'v1');
}

function rename(object: AnyObject, names: Readonly<Record<string, string>>, apiVersion: string): AnyObject {
  const entries = Object.entries(object).map(([key, value]) => [names[key] ?? key, value]);
  return { ...Object.fromEntries(entries), apiVersion } as AnyObject;
}
