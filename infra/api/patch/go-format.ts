// Values as Go prints them. Kubernetes puts `%v`, `%q` and `%T` of JSON values into the texts of patch errors, and
// clients and test suites match on those texts.

import { isList, isObject, type Json } from './json-value.ts';

/** Go's `%v`: `map[a:1 b:[x y]]` with sorted keys, `<nil>`, strings bare. */
export const goValue = (value: Json | undefined): string => {
  if (value === undefined || value === null) return '<nil>';
  if (isList(value)) return `[${value.map(goValue).join(' ')}]`;
  if (isObject(value)) {
    const keys = Object.keys(value).sort();
    return `map[${keys.map((key) => `${key}:${goValue(value[key])}`).join(' ')}]`;
  }
  return String(value);
};

/** Go's `%s`, which complains inside the text when the value is no string. */
export const goText = (value: Json): string =>
  typeof value === 'string' ? value : value === null ? '%!s(<nil>)' : `%!s(${goType(value)}=${goValue(value)})`;

/** Go's `%q` of a string. */
export const goQuote = (text: string): string => JSON.stringify(text);

/** Go's type of a JSON value, as `reflect.TypeOf` prints it. */
export const goType = (value: Json | undefined): string => {
  if (value === undefined || value === null) return '%!s(<nil>)';
  if (isList(value)) return '[]interface {}';
  if (isObject(value)) return 'map[string]interface {}';
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int64';
    default:
      return Number.isInteger(value) ? 'int64' : 'float64';
  }
};

/** A string as Go's `encoding/json` writes it: the characters that matter to HTML are escaped too. */
export const goJsonString = (text: string): string => {
  const quoted = JSON.stringify(text);
  return HTML.test(quoted) ? quoted.replace(HTML_ALL, escapeCharacter) : quoted;
};

/** Go's `encoding/json` of a whole value: sorted keys, no spaces. */
export const goJson = (value: Json): string => {
  if (value === null) return 'null';
  if (isList(value)) return `[${value.map(goJson).join(',')}]`;
  if (isObject(value)) {
    const keys = Object.keys(value).sort();
    return `{${keys.map((key) => `${goJsonString(key)}:${goJson(value[key] as Json)}`).join(',')}}`;
  }
  return typeof value === 'string' ? goJsonString(value) : String(value);
};

const HTML = /[<>&\u2028\u2029]/;
const HTML_ALL = /[<>&\u2028\u2029]/g;

const escapeCharacter = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
