// Counters, histograms and gauges in Prometheus' text format (version 0.0.4). A series is looked up once and kept by
// whoever counts, or found by its label values in one map access, because requests are counted 30,000 times a second.
// Gauges are read when they are asked for, so nothing is counted twice.

export type Counter = { at(...labels: readonly string[]): CounterSeries };
export type CounterSeries = { add(amount?: number): void };
export type Histogram = { at(...labels: readonly string[]): HistogramSeries };
export type HistogramSeries = { observe(value: number): void };

export type MetricDefinition = {
  /** With Prometheus' unit suffix, e.g. `_seconds`, `_bytes`, `_total`. */
  readonly name: string;
  readonly help: string;
  /** Label names; the values are given in this order. */
  readonly labels?: readonly string[];
};

/** Upper bounds in ascending order and how many values fell between each and the one before. */
export type Distributed = {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly sum: number;
  readonly count: number;
};

/** Label values, in the order of the definition, and the number as it is now. */
export type Reading = readonly [labels: readonly string[], value: number];

export class Metrics {
  readonly #families = new Map<string, Family>();

  counter(definition: MetricDefinition): Counter {
    return this.#add(new CounterFamily(definition));
  }

  /** `buckets`: upper bounds in ascending order, without infinity. */
  histogram(definition: MetricDefinition & { readonly buckets: readonly number[] }): Histogram {
    return this.#add(new HistogramFamily(definition, definition.buckets));
  }

  /** `read` is called at each scrape. `type` counter is for counts that are kept elsewhere. */
  gauge(definition: MetricDefinition & { readonly type?: 'gauge' | 'counter'; read(): Iterable<Reading> }): void {
    this.#add(new ReadFamily(definition, definition.type ?? 'gauge', () => definition.read()));
  }

  /** A histogram that is kept elsewhere and read at each scrape. */
  distribution(definition: MetricDefinition & { read(): Iterable<readonly [readonly string[], Distributed]> }): void {
    this.#add(new ReadHistogramFamily(definition, () => definition.read()));
  }

  /** The page `/metrics` answers with. */
  render(): string {
    const lines: string[] = [];
    for (const family of [...this.#families.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      lines.push(`# HELP ${family.name} ${escapeHelp(family.help)}`, `# TYPE ${family.name} ${family.type}`);
      family.print(lines);
    }
    return `${lines.join('\n')}\n`;
  }

  #add<F extends Family>(family: F): F {
    if (this.#families.has(family.name)) throw new Error(`metric ${family.name} is defined twice`);
    this.#families.set(family.name, family);
    return family;
  }
}

abstract class Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  protected readonly labels: readonly string[];

  constructor({ name, help, labels = [] }: MetricDefinition, type: string) {
    this.name = name;
    this.help = help;
    this.type = type;
    this.labels = labels;
  }

  abstract print(lines: string[]): void;

  /** `a="x",b="y"` */
  protected labelText(values: readonly string[]): string {
    return this.labels.map((label, index) => `${label}="${escapeLabel(values[index] ?? '')}"`).join(',');
  }
}

/** Series by their label values, made when first asked for. There may be thousands: what is printed is made once. */
abstract class SeriesFamily<S> extends Family {
  protected readonly series = new Map<string, { readonly labels: string; readonly series: S }>();

  at(...labels: readonly string[]): S {
    const key = labels.join('\u0000');
    let found = this.series.get(key);
    if (found === undefined) {
      found = { labels: this.labelText(labels), series: this.make() };
      this.series.set(key, found);
    }
    return found.series;
  }

  protected abstract make(): S;
}

class CounterFamily extends SeriesFamily<CounterSeries & { value: number }> implements Counter {
  constructor(definition: MetricDefinition) {
    super(definition, 'counter');
    if (this.labels.length === 0) this.at();
  }

  protected make() {
    return {
      value: 0,
      add(amount = 1) {
        this.value += amount;
      },
    };
  }

  print(lines: string[]): void {
    for (const { labels, series } of this.series.values()) lines.push(`${this.name}${braced(labels)} ${series.value}`);
  }
}

class HistogramFamily extends SeriesFamily<Distribution> implements Histogram {
  readonly #buckets: readonly number[];

  constructor(definition: MetricDefinition, buckets: readonly number[]) {
    super(definition, 'histogram');
    this.#buckets = buckets;
  }

  protected make(): Distribution {
    return new Distribution(this.#buckets);
  }

  print(lines: string[]): void {
    for (const { labels, series } of this.series.values()) printDistribution(lines, this.name, labels, series);
  }
}

class Distribution implements HistogramSeries, Distributed {
  readonly counts: number[];
  sum = 0;
  count = 0;
  readonly bounds: readonly number[];

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    this.sum += value;
    this.count++;
    const index = this.bounds.findIndex((bound) => value <= bound);
    if (index >= 0) this.counts[index] = (this.counts[index] ?? 0) + 1;
  }
}

class ReadFamily extends Family {
  readonly #read: () => Iterable<Reading>;

  constructor(definition: MetricDefinition, type: string, read: () => Iterable<Reading>) {
    super(definition, type);
    this.#read = read;
  }

  print(lines: string[]): void {
    for (const [labels, value] of this.#read()) lines.push(`${this.name}${braced(this.labelText(labels))} ${value}`);
  }
}

class ReadHistogramFamily extends Family {
  readonly #read: () => Iterable<readonly [readonly string[], Distributed]>;

  constructor(definition: MetricDefinition, read: () => Iterable<readonly [readonly string[], Distributed]>) {
    super(definition, 'histogram');
    this.#read = read;
  }

  print(lines: string[]): void {
    for (const [labels, distributed] of this.#read())
      printDistribution(lines, this.name, this.labelText(labels), distributed);
  }
}

function printDistribution(lines: string[], name: string, labels: string, distributed: Distributed): void {
  const { bounds, counts, sum, count } = distributed;
  const bucket = `${name}_bucket{${labels === '' ? '' : `${labels},`}le="`;
  let below = 0;
  for (const [index, bound] of bounds.entries()) {
    below += counts[index] ?? 0;
    lines.push(`${bucket}${bound}"} ${below}`);
  }
  lines.push(`${bucket}+Inf"} ${count}`);
  lines.push(`${name}_sum${braced(labels)} ${sum}`);
  lines.push(`${name}_count${braced(labels)} ${count}`);
}

function braced(labels: string): string {
  return labels === '' ? '' : `{${labels}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
