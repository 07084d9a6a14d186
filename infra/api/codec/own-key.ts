// Sets a property whose name comes from outside. `__proto__` is a legal key of labels and data; a plain assignment
// would set the object's prototype instead.

export function setKey(map: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') map[key] = value;
  else Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
}
