// A logger for tests: what a program says is something to wait for and to look at.

import type { LogFields, Logger } from '../../streams/base/logger.ts';

/** Keeps what is logged and tells when something is. */
export class ListeningLogger implements Logger {
  readonly entries: { readonly message: string; readonly fields: LogFields }[] = [];
  #waiting: { readonly message: string; readonly resolve: () => void }[] = [];

  debug = (message: string, fields: LogFields = {}) => this.#heard(message, fields);
  info = (message: string, fields: LogFields = {}) => this.#heard(message, fields);
  warn = (message: string, fields: LogFields = {}) => this.#heard(message, fields);
  error = (message: string, fields: LogFields = {}) => this.#heard(message, fields);

  /** Resolves with the next entry of that message. */
  next(message: string): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ message, resolve }));
  }

  #heard(message: string, fields: LogFields): void {
    this.entries.push({ message, fields });
    const heard = this.#waiting.filter((waiting) => waiting.message === message);
    this.#waiting = this.#waiting.filter((waiting) => waiting.message !== message);
    for (const { resolve } of heard) resolve();
  }
}
