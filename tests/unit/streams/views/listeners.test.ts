import { expect, test } from 'vitest';
import { Listeners } from '../../../../streams/views/listeners.ts';

test('every listener hears every value, in the order they began to listen', () => {
  const heard: string[] = [];
  const listeners = new Listeners<number>();
  listeners.add((value) => heard.push(`a${value}`));
  listeners.add((value) => heard.push(`b${value}`));
  listeners.tell(1);
  listeners.tell(2);
  expect(heard).toEqual(['a1', 'b1', 'a2', 'b2']);
});

test('who begins to listen while a value is told hears the next one first', () => {
  const heard: number[] = [];
  const listeners = new Listeners<number>();
  let added = false;
  listeners.add(() => {
    if (!added) listeners.add((value) => heard.push(value));
    added = true;
  });
  listeners.tell(1);
  listeners.tell(2);
  expect(heard).toEqual([2]);
});

test('who is removed while a value is told does not hear it any more', () => {
  const heard: number[] = [];
  const listeners = new Listeners<number>();
  let stop = () => {};
  listeners.add(() => stop());
  stop = listeners.add((value) => heard.push(value));
  listeners.tell(1);
  expect(heard).toEqual([]);
});

test('a function that listens twice hears twice, and each listening ends by itself', () => {
  const heard: number[] = [];
  const listeners = new Listeners<number>();
  const hear = (value: number) => heard.push(value);
  const stop = listeners.add(hear);
  listeners.add(hear);
  listeners.tell(1);
  stop();
  listeners.tell(2);
  expect(heard).toEqual([1, 1, 2]);
});
